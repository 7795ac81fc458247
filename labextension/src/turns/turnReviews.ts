/** What one notebook's turns changed, and what is decided about it: the server's truth, asked for when it is shown. */
import { Signal } from '@lumino/signaling';
import type { Decided, EventRecord, Json, ReviewChanged, ReviewDiff, ReviewItem, ReviewList, ReviewTurn } from '../server/wire';

export type Choice = '' | 'mine' | 'before';
export type Verdict = 'accept' | 'reject' | 'undo';

type Call = (verb: string, request: Record<string, Json>) => Promise<unknown>;

export class Reviews {
  constructor(private readonly call: Call) {}

  readonly changed = new Signal<Reviews, string>(this);

  /** The newest figures of a turn; null where it changed nothing that this page heard of. */
  of(turnId: string): ReviewChanged | null {
    return this.figures.get(turnId) ?? null;
  }

  /** Take note of what happened. */
  received(records: readonly EventRecord[]): void {
    for (const { event } of records) {
      if (event.kind === 'review_changed') {
        this.figures.set(event.reviewedTurnId, event);
        this.changed.emit(event.reviewedTurnId);
      }
    }
  }

  async read(turnId: string): Promise<ReviewTurn | null> {
    const list = (await this.call('review', { turnId })) as ReviewList;
    return list.turns[0] ?? null;
  }

  async diff(turnId: string, item: ReviewItem): Promise<ReviewDiff> {
    return (await this.call('review_diff', { turnId, kind: item.kind, key: item.key })) as ReviewDiff;
  }

  /** Decide about some items, or about all with none given. */
  async decide(verdict: Verdict, turnId: string, items: readonly ReviewItem[], choice: Choice = ''): Promise<Decided> {
    const refs = items.map(item => ({ kind: item.kind, key: item.key }));
    return (await this.call(verdict, { turnId, items: refs, choice })) as Decided;
  }

  private readonly figures = new Map<string, ReviewChanged>();
}
