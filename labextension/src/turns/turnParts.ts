/** A turn's parts while a batch of events is folded: found by what they belong to, and changed in place. */
import type { NoticePart, Part, TextPart, ToolPart } from './turnView';
import type { AssistantText, PermissionAsked, PermissionSettled, TextDelta, ToolCall, ToolResult, TurnEnded } from '../server/wire';

export class PartsDraft {
  /** Works on a copy: what was shown stays as it was. */
  constructor(parts: readonly Part[]) {
    this.parts = [...parts];
  }

  readonly parts: Part[];

  delta(event: TextDelta): void {
    const last = this.parts.at(-1);
    if (last?.type === 'text' && last.open && last.messageId === event.messageId) {
      this.parts[this.parts.length - 1] = { ...last, text: last.text + event.text };
    } else {
      this.add({ type: 'text', messageId: event.messageId, text: event.text, open: true, blockIndex: -1 });
    }
  }

  thought(event: TextDelta): void {
    const last = this.parts.at(-1);
    if (last?.type === 'thinking' && last.messageId === event.messageId) {
      this.parts[this.parts.length - 1] = { ...last, text: last.text + event.text };
    } else {
      this.add({ type: 'thinking', messageId: event.messageId, text: event.text });
    }
  }

  /** Of attempts at the same answer, the newest alone is told. */
  notice(part: NoticePart): void {
    const last = this.parts.at(-1);
    if (part.code === 'retrying' && last?.type === 'notice' && last.code === part.code) {
      this.parts[this.parts.length - 1] = part;
    } else {
      this.add(part);
    }
  }

  block(event: AssistantText): void {
    const blockIndex = event.blockIndex ?? 0;
    const done: TextPart = { type: 'text', messageId: event.messageId, text: event.text, open: false, blockIndex };
    const place = this.places(`text ${event.messageId}`).find(index => {
      const part = this.parts[index];
      return part?.type === 'text' && (part.open || part.blockIndex === blockIndex);
    });
    this.put(place, done);
  }

  /** Take all of one message back. */
  discard(messageId: string): void {
    const kept = this.parts.filter(part => !('messageId' in part) || part.messageId !== messageId);
    this.parts.splice(0, this.parts.length, ...kept);
    this.index = null;
  }

  called(event: ToolCall, time: number): void {
    const place = this.places(`tool ${event.toolUseId}`)[0];
    const known = place === undefined ? undefined : this.parts[place];
    this.put(place, {
      type: 'tool',
      id: event.toolUseId,
      name: event.name,
      input: event.input ?? null,
      parent: event.parentToolUseId ?? '',
      started: time,
      result: known?.type === 'tool' ? known.result : null
    });
  }

  resulted(event: ToolResult, time: number): void {
    const place = this.places(`tool ${event.toolUseId}`)[0];
    const known = place === undefined ? undefined : this.parts[place];
    const orphan: ToolPart = {
      type: 'tool',
      id: event.toolUseId,
      name: 'tool',
      input: null,
      parent: '',
      started: time,
      result: event
    };
    this.put(place, known?.type === 'tool' ? { ...known, result: event } : orphan);
  }

  /** A question is asked again after a sandbox was replaced; it stays one question. */
  asked(event: PermissionAsked): void {
    if (this.places(`ask ${event.requestId}`).length === 0) {
      this.add({ type: 'permission', asked: event, settled: null });
    }
  }

  settled(event: PermissionSettled): void {
    for (const place of this.places(`ask ${event.requestId}`)) {
      const part = this.parts[place];
      if (part?.type === 'permission' && part.settled === null) {
        this.parts[place] = { ...part, settled: event };
      }
    }
  }

  /** At the end nothing stays open. Where no words came through at all, the turn's own text stands in. */
  close(event: TurnEnded): void {
    let spoke = false;
    this.parts.forEach((part, place) => {
      if (part.type === 'text') {
        spoke = true;
        this.parts[place] = part.open ? { ...part, open: false } : part;
      }
    });
    if (event.text && !spoke) {
      this.add({ type: 'text', messageId: '', text: event.text, open: false, blockIndex: 0 });
    }
  }

  add(part: Part): void {
    if (this.index !== null) {
      note(this.index, part, this.parts.length);
    }
    this.parts.push(part);
  }

  private put(place: number | undefined, part: Part): void {
    if (place === undefined) {
      this.add(part);
    } else {
      this.parts[place] = part;
    }
  }

  /** Where the parts of this key stand, in order. Most batches ask for none, so the index is made when first asked. */
  private places(key: string): readonly number[] {
    if (this.index === null) {
      const index = new Map<string, number[]>();
      this.parts.forEach((part, place) => note(index, part, place));
      this.index = index;
    }
    return this.index.get(key) ?? [];
  }

  private index: Map<string, number[]> | null = null;
}

function note(index: Map<string, number[]>, part: Part, place: number): void {
  const key =
    part.type === 'tool'
      ? `tool ${part.id}`
      : part.type === 'permission'
        ? `ask ${part.asked.requestId}`
        : part.type === 'text'
          ? `text ${part.messageId}`
          : '';
  const known = index.get(key);
  if (known) {
    known.push(place);
  } else if (key) {
    index.set(key, [place]);
  }
}
