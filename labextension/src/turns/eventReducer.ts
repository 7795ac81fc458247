/**
 * Events folded to turns. Pure; `jupyter_agent_host/rendering/turn_view.py` has the same rules.
 *
 * - deltas append to the open text of their message, or start a new one after a tool call;
 * - a finished block replaces the open text that its deltas made;
 * - a discarded attempt takes all text of its message back;
 * - a tool result joins its call; a permission joins its question;
 * - files are merged by path;
 * - what a reader does not know is a notice, never an error.
 */
import { PartsDraft } from './turnParts';
import { emptyTurn, mergeFiles, pendingOf } from './turnView';
import type { TurnView } from './turnView';
import type { EventRecord } from '../server/wire';

/** All turns that this page knows of a notebook, in the order in which they began. */
export interface Conversation {
  readonly lastEvent: number;
  readonly turns: readonly TurnView[];
  /** What was asked or told outside of any turn. */
  readonly outside: TurnView;
}

export const EMPTY: Conversation = { lastEvent: 0, turns: [], outside: emptyTurn('') };

/** Several events at once. Events that were seen, in whatever order they are repeated, change nothing. */
export function fold(before: Conversation, records: readonly EventRecord[]): Conversation {
  const known = new Map(before.turns.map((turn, index) => [turn.turnId, index]));
  const drafts = new Map<string, TurnDraft>();
  let lastEvent = before.lastEvent;
  for (const record of records) {
    if (record.number <= before.lastEvent) {
      continue;
    }
    lastEvent = Math.max(lastEvent, record.number);
    if (record.turnId || OUTSIDE.has(record.event.kind)) {
      const place = known.get(record.turnId);
      const old = place === undefined ? (record.turnId ? undefined : before.outside) : before.turns[place];
      const draft = drafts.get(record.turnId) ?? new TurnDraft(old ?? emptyTurn(record.turnId));
      drafts.set(record.turnId, draft);
      draft.take(record);
    }
  }
  const turns = [...before.turns];
  const outside = drafts.get('')?.done() ?? before.outside;
  drafts.delete('');
  for (const [turnId, draft] of drafts) {
    turns[known.get(turnId) ?? turns.length] = draft.done();
  }
  return { lastEvent, turns, outside };
}

/** Earlier turns, read later, put before those that are there. Turns that are there already stay as they are. */
export function prepend(conversation: Conversation, records: readonly EventRecord[]): Conversation {
  const known = new Set(conversation.turns.map(turn => turn.turnId));
  const earlier = fold(
    EMPTY,
    records.filter(record => !known.has(record.turnId))
  );
  return { ...conversation, turns: [...earlier.turns, ...conversation.turns] };
}

/** Of what happens outside of turns, what a person must decide. */
const OUTSIDE: ReadonlySet<string> = new Set(['permission_asked', 'permission_settled']);

/** How many questions wait for a person, in running turns and outside of any. */
export function pendingCount(conversation: Conversation): number {
  const running = conversation.turns.filter(turn => turn.ended === null);
  return [...running, conversation.outside].reduce((sum, turn) => sum + pendingOf(turn).length, 0);
}

/** One turn of a batch; its parts are copied once, however many events follow. */
class TurnDraft {
  constructor(private view: TurnView) {
    this.draft = new PartsDraft(view.parts);
  }

  done(): TurnView {
    return { ...this.view, parts: this.draft.parts };
  }

  /** One more event. One that was seen already changes nothing. */
  take(record: EventRecord): void {
    const { view, draft } = this;
    if (record.number <= view.lastEvent) {
      return;
    }
    const next: TurnView = {
      ...view,
      firstEvent: view.firstEvent || record.number,
      lastEvent: record.number,
      sessionId: record.sessionId || view.sessionId,
      started: view.started || record.time
    };
    this.view = next;
    const event = record.event;
    switch (event.kind) {
      case 'turn_started':
        this.view = {
          ...next,
          prompt: event.prompt,
          attachments: event.attachments ?? [],
          origin: event.origin ?? 'cell',
          actor: event.actor ?? '',
          cellId: event.cellId ?? '',
          model: event.model || next.model
        };
        break;
      case 'text_delta':
        draft.delta(event);
        break;
      case 'thinking_delta':
        draft.thought(event);
        break;
      case 'assistant_text':
        draft.block(event);
        break;
      case 'attempt_discarded':
        draft.discard(event.messageId);
        break;
      case 'tool_call':
        draft.called(event, record.time);
        break;
      case 'tool_result':
        draft.resulted(event, record.time);
        break;
      case 'permission_asked':
        draft.asked(event);
        break;
      case 'permission_settled':
        draft.settled(event);
        break;
      case 'files_changed':
        this.view = { ...next, files: mergeFiles(next.files, event.files) };
        break;
      case 'review_changed':
        break; // kept by `Reviews`, since it is told outside of turns as well
      case 'sandbox_state':
        this.view = { ...next, sandbox: event };
        break;
      case 'session_changed':
        this.view = { ...next, sessionChange: event, sessionId: event.sessionId || next.sessionId };
        break;
      case 'turn_ended':
        draft.close(event);
        this.view = { ...next, ended: event, model: event.model || next.model };
        break;
      case 'files_refused':
        draft.add({
          type: 'notice',
          level: 'warning',
          code: 'files_refused',
          text: `${event.paths.join(', ')} (${event.reason})`,
          paths: event.paths
        });
        break;
      case 'notice':
        draft.notice({ type: 'notice', level: event.level, code: event.code, text: event.text });
        break;
      case 'unknown':
        draft.add({ type: 'notice', level: 'info', code: 'unknown_event', text: event.name });
        break;
    }
  }

  private readonly draft: PartsDraft;
}
