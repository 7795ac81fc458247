/** One notebook's agent as this page knows it. */
import { Signal } from '@lumino/signaling';
import { EMPTY, fold, pendingCount, prepend } from '../turns/eventReducer';
import type { Conversation } from '../turns/eventReducer';
import type { Decision, IAgent, IAgentApi, IFollowing, INotebookSide } from '../tokens';
import { Reviews } from '../turns/turnReviews';
import type { TurnView } from '../turns/turnView';
import type { Attachment, EventRecord, History, Json, NotebookInfo, NotebookMode, PermissionMode, TrustChoice } from '../server/wire';

/** Events after which the header has something new to show. */
const TELLING = new Set(['turn_started', 'turn_ended', 'sandbox_state', 'session_changed', 'permission_asked']);
const NOT_OURS = new Set(['foreign', 'unsigned', 'corrupt', 'diverged']);
const STATUS_DELAY_MS = 60;
/** Verbs whose effect is seen where they were asked for. */
const QUIET = new Set(['answer', 'cancel', 'interrupt', 'rename']);
const PAGE_TURNS = 20;

export class Agent implements IAgent {
  constructor(
    private readonly api: IAgentApi,
    private path: string,
    readonly notebook: INotebookSide
  ) {
    void this.refresh();
  }

  readonly reviews = new Reviews(async (verb, request) =>
    this.info ? this.api.call(this.info.notebookId, verb, request) : Promise.reject(new Error('The agent is not known yet.'))
  );
  readonly revealed: Signal<IAgent, string> = new Signal<IAgent, string>(this);
  info: NotebookInfo | null = null;
  conversation: Conversation = EMPTY;
  history: History | null = null;
  earlier = 0;
  connected = true;
  error = '';
  message = '';

  get changed(): Signal<IAgent, void> {
    return this.signal;
  }

  get isDisposed(): boolean {
    return this.disposed;
  }

  get isForeign(): boolean {
    return this.info !== null && NOT_OURS.has(this.info.trust);
  }

  get busy(): boolean {
    return this.conversation.turns.findLast(turn => turn.ended === null) !== undefined;
  }

  get pending(): number {
    return pendingCount(this.conversation);
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.statusTimer);
    this.following?.dispose();
    Signal.clearData(this);
  }

  /** The notebook was renamed. */
  moved(path: string): void {
    if (path !== this.path) {
      this.path = path;
      void this.refresh();
    }
  }

  async refresh(): Promise<void> {
    await this.attempt(async () => {
      const info = await this.api.open(this.path);
      if (!this.disposed) {
        await this.adopt(info);
      }
    });
  }

  async prompt(text: string, attachments: readonly Attachment[] = []): Promise<boolean> {
    this.message = '';
    return this.attempt(async () => {
      const info = this.info ?? (await this.api.open(this.path));
      const request = { prompt: text, origin: 'panel', attachments: attachments.map(each => ({ ...each })) };
      const accepted = await this.api.call(info.notebookId, 'prompt', request);
      if (this.info?.notebookId !== accepted.notebookId) {
        await this.adopt(await this.api.open(this.path));
      }
    });
  }

  interrupt(): Promise<void> {
    return this.carry('interrupt');
  }

  verb(verb: 'stop' | 'reset' | 'fork'): Promise<void> {
    return this.carry(verb);
  }

  cancel(turnId: string): Promise<void> {
    return this.carry('cancel', { turnId });
  }

  answer(requestId: string, answer: Decision): Promise<void> {
    return this.carry('answer', { requestId, ...answer });
  }

  turn(turnId: string): TurnView | null | undefined {
    const known = this.conversation.turns.find(turn => turn.turnId === turnId) ?? this.older.get(turnId);
    if (known === undefined && this.following !== null && !this.older.has(turnId)) {
      this.older.set(turnId, undefined);
      void this.readTurn(turnId);
    }
    return known;
  }

  async loadEarlier(): Promise<void> {
    const id = this.info?.notebookId;
    if (this.loading || this.earlier === 0 || id === undefined) {
      return;
    }
    const beginning = this.beginnings;
    this.loading = true;
    try {
      await this.attempt(async () => {
        const page = await this.api.turns(id, { before: this.before, limit: PAGE_TURNS });
        if (beginning === this.beginnings) {
          this.conversation = prepend(this.conversation, page.records);
          this.reviews.received(page.records);
          this.before = page.before;
          this.earlier = page.records.length > 0 ? page.earlier : 0;
          await this.readHistory();
        }
      }, false);
    } finally {
      this.loading = false;
    }
  }

  async reveal(turnId: string): Promise<boolean> {
    // Pages of earlier turns are read until it is there; a turn of another session never is.
    while (!this.conversation.turns.some(turn => turn.turnId === turnId) && this.earlier > 0 && !this.disposed) {
      const before = this.earlier;
      await this.loadEarlier();
      if (this.earlier === before) {
        break;
      }
    }
    const found = this.conversation.turns.some(turn => turn.turnId === turnId);
    if (found) {
      this.revealed.emit(turnId);
    }
    return found;
  }

  setModel(model: string): Promise<void> {
    return this.carry('model', { model: model || null });
  }

  setMode(mode: PermissionMode): Promise<void> {
    return this.carry('mode', { mode });
  }

  setNotebookMode(mode: NotebookMode): Promise<void> {
    return this.carry('notebook_mode', { mode });
  }

  trust(choice: TrustChoice): Promise<void> {
    return this.carry('trust', { choice });
  }

  grant(target: string): Promise<void> {
    return this.carry('grant', { target });
  }

  dismiss(): void {
    this.error = '';
    this.message = '';
    this.tell();
  }

  async carry(verb: string, request: Record<string, Json> = {}): Promise<void> {
    await this.attempt(async () => {
      if (this.info) {
        const done = await this.api.call(this.info.notebookId, verb, request);
        this.message = QUIET.has(verb) && done.ok ? '' : done.message;
        await this.adopt(await this.api.open(this.path));
      }
    });
  }

  /** What the server says of the notebook now; follow it if it is another one than before. */
  private async adopt(info: NotebookInfo): Promise<void> {
    const before = this.info;
    this.info = info;
    const other = info.notebookId !== before?.notebookId;
    if (other || this.following === null || info.trust !== before.trust || info.sessionId !== before.sessionId) {
      await this.begin(info, other);
    }
    this.tell();
  }

  /** The present conversation: its last turns at once, and then what happens from there on. */
  private async begin(info: NotebookInfo, other: boolean): Promise<void> {
    const beginning = ++this.beginnings;
    if (other) {
      this.following?.dispose();
      this.following = null;
      this.conversation = EMPTY;
      this.history = null;
      this.older.clear();
    }
    const page = await this.api.turns(info.notebookId, { limit: PAGE_TURNS });
    const all = page.earlier === 0 || NOT_OURS.has(info.trust);
    const history = all ? await this.api.call(info.notebookId, 'history') : null;
    if (this.disposed || beginning !== this.beginnings) {
      return;
    }
    this.following?.dispose();
    this.history = history;
    this.conversation = { ...fold(EMPTY, page.records), lastEvent: page.after };
    this.reviews.received(page.records);
    this.before = page.before;
    this.earlier = page.earlier;
    this.following = this.api.follow(info.notebookId, page.after, {
      received: records => this.receive(records),
      connected: is => this.connection(is),
      failed: error => this.fail(error)
    });
    await this.readHistory();
  }

  /** Only where it is shown: for state that is not ours, and above the first turn that has events. */
  private async readHistory(): Promise<void> {
    if (this.info && (this.isForeign || this.earlier === 0)) {
      this.history = await this.api.call(this.info.notebookId, 'history');
    }
  }

  private async readTurn(turnId: string): Promise<void> {
    const id = this.info?.notebookId;
    if (id !== undefined) {
      await this.attempt(async () => {
        const page = await this.api.turns(id, { turnId });
        this.older.set(turnId, fold(EMPTY, page.records).turns[0] ?? null);
        this.reviews.received(page.records);
      }, false);
    }
  }

  private receive(records: readonly EventRecord[]): void {
    this.reviews.received(records);
    this.conversation = fold(this.conversation, records);
    if (records.some(record => TELLING.has(record.event.kind))) {
      this.statusTimer ??= setTimeout(() => void this.status(), STATUS_DELAY_MS);
    }
    this.tell();
  }

  private async status(): Promise<void> {
    this.statusTimer = undefined;
    if (this.info && !this.disposed) {
      const id = this.info.notebookId;
      await this.attempt(async () => {
        const info = await this.api.call(id, 'status');
        if (!this.disposed) {
          await this.adopt(info);
        }
      }, false);
    }
  }

  private connection(is: boolean): void {
    const back = is && !this.connected;
    this.connected = is;
    if (back) {
      void this.refresh();
    }
    this.tell();
  }

  private async attempt(work: () => Promise<void>, clear = true): Promise<boolean> {
    try {
      await work();
      if (clear) {
        this.error = '';
      }
      return true;
    } catch (error) {
      this.fail(error);
      return false;
    } finally {
      this.tell();
    }
  }

  private fail(error: unknown): void {
    this.error = error instanceof Error ? error.message : String(error);
    this.tell();
  }

  private tell(): void {
    if (!this.disposed) {
      this.signal.emit();
    }
  }

  private readonly signal = new Signal<IAgent, void>(this);
  private following: IFollowing | null = null;
  private before = 0;
  private beginnings = 0;
  private loading = false;
  /** Turns outside of `conversation` that a cell shows; undefined while asked for. */
  private readonly older = new Map<string, TurnView | null | undefined>();
  private statusTimer: ReturnType<typeof setTimeout> | undefined;
  private disposed = false;
}
