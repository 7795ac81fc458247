/** One subscription to a notebook's events, through lost connections. */
import { AgentError, isBag, parse, readRecord } from './readAnswer';
import type { IFollower, IFollowing } from '../tokens';
import type { EventRecord } from './wire';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
const BATCH_MS = 33;
const TICK_MS = 10_000;
/** A timer that is so late was not merely slow: the computer slept. */
const ASLEEP_MS = 3 * TICK_MS;
/** Well over the minute to which browsers slow the timers of hidden pages. */
const ASLEEP_HIDDEN_MS = 150_000;

/** One subscription. Events are handed on in small batches, so that a long history is one redraw, not thousands. */
export class Following implements IFollowing {
  constructor(
    private readonly connect: (after: number) => WebSocket,
    private after: number,
    private readonly follower: IFollower
  ) {
    this.dial();
    this.watch = setInterval(() => this.noticeSleep(), TICK_MS);
    window.addEventListener('online', this.onOnline);
  }

  get isDisposed(): boolean {
    return this.disposed;
  }

  dispose(): void {
    this.disposed = true;
    clearInterval(this.watch);
    window.removeEventListener('online', this.onOnline);
    clearTimeout(this.retry);
    clearTimeout(this.flushing);
    this.socket?.close();
    this.socket = null;
  }

  /** Dial at once instead of waiting for the next try. */
  retryNow(): void {
    if (!this.disposed && this.socket === null) {
      clearTimeout(this.retry);
      this.dial();
    }
  }

  /** After a sleep the connection may be dead without anybody having said so: a new one costs nothing. */
  private noticeSleep(): void {
    const now = Date.now();
    if (now - this.lastTick > (document.hidden ? ASLEEP_HIDDEN_MS : ASLEEP_MS)) {
      this.redial();
    }
    this.lastTick = now;
  }

  private redial(): void {
    const old = this.socket;
    this.socket = null;
    old?.close();
    this.retryNow();
  }

  private dial(): void {
    const socket = this.connect(this.after);
    this.socket = socket;
    socket.onopen = () => {
      this.wait = FIRST_WAIT_MS;
      this.follower.connected(true);
    };
    socket.onmessage = message => {
      if (this.socket === socket) {
        this.receive(String(message.data));
      }
    };
    socket.onclose = () => {
      if (this.socket === socket) {
        this.lost();
      }
    };
  }

  private receive(text: string): void {
    const record = readRecord(text);
    if (record === null) {
      const told = parse(text);
      if (isBag(told) && typeof told.message === 'string') {
        this.follower.failed(new AgentError(String(told.code), told.message, told.retryable === true));
      }
      return;
    }
    if (record.number <= this.after) {
      return;
    }
    this.after = record.number;
    this.batch.push(record);
    this.flushing ??= setTimeout(() => this.flush(), BATCH_MS);
  }

  private flush(): void {
    this.flushing = undefined;
    const records = this.batch;
    this.batch = [];
    if (records.length > 0 && !this.disposed) {
      this.follower.received(records);
    }
  }

  private lost(): void {
    this.socket = null;
    clearTimeout(this.flushing);
    this.flush();
    if (this.disposed) {
      return;
    }
    this.follower.connected(false);
    // Half of the wait is by chance, so that many pages do not come back to a restarted server at one moment.
    this.retry = setTimeout(() => this.dial(), this.wait / 2 + (Math.random() * this.wait) / 2);
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT_MS);
  }

  private readonly onOnline = (): void => this.redial();
  private readonly watch: ReturnType<typeof setInterval>;
  private lastTick = Date.now();
  private socket: WebSocket | null = null;
  private batch: EventRecord[] = [];
  private wait = FIRST_WAIT_MS;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private flushing: ReturnType<typeof setTimeout> | undefined;
  private disposed = false;
}
