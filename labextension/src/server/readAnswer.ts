/** Reads what the server sends, tolerantly: what is missing gets its default, what is unknown is kept by name. */
import type { AgentEvent, EventRecord, KnownEvent, TurnsPage } from './wire';

type Bag = Record<string, unknown>;

/** The fields that each kind cannot do without, by their JavaScript type. */
const NEEDED: Record<KnownEvent['kind'], Record<string, 'string' | 'array'>> = {
  turn_started: { prompt: 'string' },
  text_delta: { messageId: 'string', text: 'string' },
  thinking_delta: { messageId: 'string', text: 'string' },
  attempt_discarded: { messageId: 'string' },
  assistant_text: { messageId: 'string', text: 'string' },
  tool_call: { toolUseId: 'string', name: 'string' },
  tool_result: { toolUseId: 'string' },
  permission_asked: { requestId: 'string', toolName: 'string' },
  permission_settled: { requestId: 'string', decision: 'string' },
  files_changed: { files: 'array' },
  files_refused: { paths: 'array', reason: 'string' },
  review_changed: { reviewedTurnId: 'string' },
  sandbox_state: { state: 'string' },
  session_changed: { sessionId: 'string', how: 'string' },
  notice: { level: 'string', code: 'string', text: 'string' },
  turn_ended: { status: 'string' }
};

/** One event record, or null when the text is none. */
export function readRecord(text: string): EventRecord | null {
  return recordOf(parse(text));
}

function recordOf(value: unknown): EventRecord | null {
  if (!isBag(value) || typeof value.number !== 'number' || !isBag(value.event)) {
    return null;
  }
  return {
    number: value.number,
    notebookId: word(value.notebookId),
    sessionId: word(value.sessionId),
    turnId: word(value.turnId),
    time: typeof value.time === 'number' ? value.time : 0,
    event: readEvent(value.event)
  };
}

function readEvent(bag: Bag): AgentEvent {
  const kind = word(bag.kind);
  const needed = Object.hasOwn(NEEDED, kind) ? NEEDED[kind as KnownEvent['kind']] : undefined;
  const whole =
    needed !== undefined &&
    Object.entries(needed).every(([name, type]) =>
      type === 'array' ? Array.isArray(bag[name]) : typeof bag[name] === type
    );
  return whole ? (bag as unknown as KnownEvent) : { kind: 'unknown', name: kind || '?' };
}

export function isBag(value: unknown): value is Bag {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function word(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** A page of turns; what is no record in it is left out. */
export function readPage(value: unknown): TurnsPage {
  const bag = isBag(value) ? value : {};
  const count = (name: string): number => (typeof bag[name] === 'number' ? bag[name] : 0);
  const records = Array.isArray(bag.records) ? bag.records : [];
  return {
    notebookId: word(bag.notebookId),
    after: count('after'),
    before: count('before'),
    earlier: count('earlier'),
    records: records.map(recordOf).filter(record => record !== null)
  };
}

/** JSON, or null where it is none. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A refusal or failure, as a sentence for a person. */
export class AgentError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly retryable: boolean
  ) {
    super(message);
  }
}

/** What a failed request says. */
export function failureOf(answer: unknown, response: Response): AgentError {
  const told = isBag(answer) ? answer : {};
  const code = typeof told.code === 'string' ? told.code : `http_${response.status}`;
  const message = typeof told.message === 'string' ? told.message : `${response.status} ${response.statusText}`;
  return new AgentError(code, message, told.retryable === true || response.status >= 500);
}
