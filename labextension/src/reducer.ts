/**
 * Turns as they are seen: events folded, one by one, into frozen values. Pure; `notebook/turn.py` has the same rules.
 *
 * - deltas append to the open text of their message, or start a new one after a tool call;
 * - a finished block replaces the open text that its deltas made;
 * - a discarded attempt takes all text of its message back;
 * - a tool result joins its call; a permission joins its question;
 * - files are merged by path;
 * - what a reader does not know is a notice, never an error.
 */
import type {
  AssistantText,
  EventRecord,
  FileChange,
  Json,
  Level,
  PermissionAsked,
  PermissionSettled,
  SandboxState,
  SessionChanged,
  TextDelta,
  ToolCall,
  ToolResult,
  TurnEnded
} from './wire';

export interface TextPart {
  type: 'text';
  messageId: string;
  text: string;
  open: boolean;
  blockIndex: number;
}

export interface ThinkingPart {
  type: 'thinking';
  messageId: string;
  text: string;
}

export interface ToolPart {
  type: 'tool';
  id: string;
  name: string;
  input: Json;
  parent: string;
  started: number;
  result: ToolResult | null;
}

export interface PermissionPart {
  type: 'permission';
  asked: PermissionAsked;
  settled: PermissionSettled | null;
}

export interface NoticePart {
  type: 'notice';
  level: Level;
  code: string;
  text: string;
}

export type Part = TextPart | ThinkingPart | ToolPart | PermissionPart | NoticePart;

export interface TurnView {
  readonly turnId: string;
  readonly sessionId: string;
  readonly lastEvent: number;
  readonly prompt: string;
  readonly origin: string;
  readonly actor: string;
  readonly cellId: string;
  readonly model: string;
  readonly parts: readonly Part[];
  readonly files: readonly FileChange[];
  readonly sandbox: SandboxState | null;
  readonly sessionChange: SessionChanged | null;
  readonly started: number;
  readonly ended: TurnEnded | null;
}

export function emptyTurn(turnId: string): TurnView {
  return {
    turnId,
    sessionId: '',
    lastEvent: 0,
    prompt: '',
    origin: '',
    actor: '',
    cellId: '',
    model: '',
    parts: [],
    files: [],
    sandbox: null,
    sessionChange: null,
    started: 0,
    ended: null
  };
}

/** The turn after one more event. An event that was seen already changes nothing. */
export function reduceTurn(before: TurnView, record: EventRecord): TurnView {
  if (record.number <= before.lastEvent) {
    return before;
  }
  const view: TurnView = {
    ...before,
    lastEvent: record.number,
    sessionId: record.sessionId || before.sessionId,
    started: before.started || record.time
  };
  const event = record.event;
  switch (event.kind) {
    case 'turn_started':
      return {
        ...view,
        prompt: event.prompt,
        origin: event.origin ?? 'cell',
        actor: event.actor ?? '',
        cellId: event.cellId ?? '',
        model: event.model || view.model
      };
    case 'text_delta':
      return { ...view, parts: delta(view.parts, event) };
    case 'thinking_delta':
      return { ...view, parts: thought(view.parts, event) };
    case 'assistant_text':
      return { ...view, parts: block(view.parts, event) };
    case 'attempt_discarded':
      return { ...view, parts: view.parts.filter(part => !('messageId' in part) || part.messageId !== event.messageId) };
    case 'tool_call':
      return { ...view, parts: called(view.parts, event, record.time) };
    case 'tool_result':
      return { ...view, parts: resulted(view.parts, event, record.time) };
    case 'permission_asked':
      return { ...view, parts: asked(view.parts, event) };
    case 'permission_settled':
      return { ...view, parts: view.parts.map(part => settle(part, event)) };
    case 'files_changed':
      return { ...view, files: mergeFiles(view.files, event.files) };
    case 'sandbox_state':
      return { ...view, sandbox: event };
    case 'session_changed':
      return { ...view, sessionChange: event, sessionId: event.sessionId || view.sessionId };
    case 'turn_ended':
      return { ...view, ended: event, model: event.model || view.model, parts: closed(view.parts, event) };
    case 'files_refused':
      return withNotice(view, 'warning', 'files_refused', `${event.paths.join(', ')} (${event.reason})`);
    case 'notice':
      return withNotice(view, event.level, event.code, event.text);
    case 'unknown':
      return withNotice(view, 'info', 'unknown_event', event.name);
  }
}

/** Questions of a turn that wait for a person. */
export function pendingOf(view: TurnView): PermissionAsked[] {
  return view.parts.flatMap(part => (part.type === 'permission' && part.settled === null ? [part.asked] : []));
}

function withNotice(view: TurnView, level: Level, code: string, text: string): TurnView {
  return { ...view, parts: [...view.parts, { type: 'notice', level, code, text }] };
}

function delta(parts: readonly Part[], event: TextDelta): Part[] {
  const last = parts.at(-1);
  if (last?.type === 'text' && last.open && last.messageId === event.messageId) {
    return [...parts.slice(0, -1), { ...last, text: last.text + event.text }];
  }
  return [...parts, { type: 'text', messageId: event.messageId, text: event.text, open: true, blockIndex: -1 }];
}

function thought(parts: readonly Part[], event: TextDelta): Part[] {
  const last = parts.at(-1);
  if (last?.type === 'thinking' && last.messageId === event.messageId) {
    return [...parts.slice(0, -1), { ...last, text: last.text + event.text }];
  }
  return [...parts, { type: 'thinking', messageId: event.messageId, text: event.text }];
}

function block(parts: readonly Part[], event: AssistantText): Part[] {
  const blockIndex = event.blockIndex ?? 0;
  const done: TextPart = { type: 'text', messageId: event.messageId, text: event.text, open: false, blockIndex };
  const index = parts.findIndex(
    part => part.type === 'text' && part.messageId === event.messageId && (part.open || part.blockIndex === blockIndex)
  );
  return index < 0 ? [...parts, done] : parts.with(index, done);
}

function toolIndex(parts: readonly Part[], id: string): number {
  return parts.findIndex(part => part.type === 'tool' && part.id === id);
}

function called(parts: readonly Part[], event: ToolCall, time: number): Part[] {
  const index = toolIndex(parts, event.toolUseId);
  const known = parts[index];
  const call: ToolPart = {
    type: 'tool',
    id: event.toolUseId,
    name: event.name,
    input: event.input ?? null,
    parent: event.parentToolUseId ?? '',
    started: time,
    result: known?.type === 'tool' ? known.result : null
  };
  return index < 0 ? [...parts, call] : parts.with(index, call);
}

function resulted(parts: readonly Part[], event: ToolResult, time: number): Part[] {
  const index = toolIndex(parts, event.toolUseId);
  const known = parts[index];
  if (known?.type === 'tool') {
    return parts.with(index, { ...known, result: event });
  }
  const orphan: ToolPart = {
    type: 'tool',
    id: event.toolUseId,
    name: 'tool',
    input: null,
    parent: '',
    started: time,
    result: event
  };
  return [...parts, orphan];
}

/** A question is asked again after a sandbox was replaced; it stays one question. */
function asked(parts: readonly Part[], event: PermissionAsked): readonly Part[] {
  const known = parts.some(part => part.type === 'permission' && part.asked.requestId === event.requestId);
  return known ? parts : [...parts, { type: 'permission', asked: event, settled: null }];
}

function settle(part: Part, event: PermissionSettled): Part {
  const meant = part.type === 'permission' && part.asked.requestId === event.requestId && part.settled === null;
  return meant ? { ...part, settled: event } : part;
}

/** Each file once, with what became of it. */
export function mergeFiles(known: readonly FileChange[], added: readonly FileChange[]): FileChange[] {
  const files = new Map(known.map(change => [change.path, change]));
  for (const change of added) {
    const before = files.get(change.path)?.action;
    if (before === 'created' && change.action === 'deleted') {
      files.delete(change.path);
    } else if (before === 'created') {
      files.set(change.path, { ...change, action: 'created' });
    } else if (before === 'deleted' && change.action === 'created') {
      files.set(change.path, { ...change, action: 'modified' });
    } else {
      files.set(change.path, change);
    }
  }
  return [...files.values()];
}

/** At the end nothing stays open. Where no words came through at all, the turn's own text stands in. */
function closed(parts: readonly Part[], event: TurnEnded): Part[] {
  const shut = parts.map(part => (part.type === 'text' && part.open ? { ...part, open: false } : part));
  if (event.text && !shut.some(part => part.type === 'text')) {
    return [...shut, { type: 'text', messageId: '', text: event.text, open: false, blockIndex: 0 }];
  }
  return shut;
}

/** All turns of a notebook, in the order in which they began. */
export interface Conversation {
  readonly lastEvent: number;
  readonly turns: readonly TurnView[];
}

export const EMPTY: Conversation = { lastEvent: 0, turns: [] };

/** Several events at once. Events that were seen, in whatever order they are repeated, change nothing. */
export function fold(before: Conversation, records: readonly EventRecord[]): Conversation {
  const turns = [...before.turns];
  const places = new Map(turns.map((turn, index) => [turn.turnId, index]));
  let lastEvent = before.lastEvent;
  for (const record of records) {
    if (record.number <= lastEvent) {
      continue;
    }
    lastEvent = record.number;
    if (!record.turnId) {
      continue;
    }
    const place = places.get(record.turnId) ?? turns.length;
    places.set(record.turnId, place);
    turns[place] = reduceTurn(turns[place] ?? emptyTurn(record.turnId), record);
  }
  return { lastEvent, turns };
}
