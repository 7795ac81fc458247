/** One notebook's agent as this page knows it. */
import { Signal } from '@lumino/signaling';
import { EMPTY, fold, pendingOf } from './reducer';
import type { Conversation } from './reducer';
import type { IAgent, IAgentApi, IFollowing } from './tokens';
import type { EventRecord, History, Json, NotebookInfo, PermissionMode, TrustChoice } from './wire';

/** Events after which the header has something new to show. */
const TELLING = new Set(['turn_started', 'turn_ended', 'sandbox_state', 'session_changed', 'permission_asked']);
const NOT_OURS = new Set(['foreign', 'unsigned', 'corrupt', 'diverged']);
const STATUS_DELAY_MS = 60;

export class Agent implements IAgent {
  constructor(
    private readonly api: IAgentApi,
    private path: string
  ) {
    void this.refresh();
  }

  info: NotebookInfo | null = null;
  conversation: Conversation = EMPTY;
  history: History | null = null;
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
    return this.conversation.turns.some(turn => turn.ended === null);
  }

  get pending(): number {
    return this.conversation.turns.reduce((sum, turn) => sum + (turn.ended ? 0 : pendingOf(turn).length), 0);
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

  async prompt(text: string): Promise<boolean> {
    this.message = '';
    return this.attempt(async () => {
      const info = this.info ?? (await this.api.open(this.path));
      const accepted = await this.api.call(info.notebookId, 'prompt', { prompt: text, origin: 'panel' });
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

  answer(requestId: string, decision: 'allow' | 'deny', message = '', updatedInput: Json = null): Promise<void> {
    return this.carry('answer', { requestId, decision, message, updatedInput });
  }

  setModel(model: string): Promise<void> {
    return this.carry('model', { model: model || null });
  }

  setMode(mode: PermissionMode): Promise<void> {
    return this.carry('mode', { mode });
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

  private async carry(verb: string, request: Record<string, Json> = {}): Promise<void> {
    await this.attempt(async () => {
      if (this.info) {
        const done = await this.api.call(this.info.notebookId, verb, request);
        this.message = verb === 'answer' || verb === 'interrupt' ? '' : done.message;
        await this.adopt(await this.api.open(this.path));
      }
    });
  }

  /** What the server says of the notebook now; follow it if it is another one than before. */
  private async adopt(info: NotebookInfo): Promise<void> {
    const other = info.notebookId !== this.info?.notebookId;
    this.info = info;
    this.history = await this.api.call(info.notebookId, 'history');
    if (other && !this.disposed) {
      this.following?.dispose();
      this.conversation = EMPTY;
      this.following = this.api.follow(info.notebookId, 0, {
        received: records => this.receive(records),
        connected: is => this.connection(is),
        failed: error => this.fail(error)
      });
    }
    this.tell();
  }

  private receive(records: readonly EventRecord[]): void {
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
        this.info = await this.api.call(id, 'status');
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
  private statusTimer: ReturnType<typeof setTimeout> | undefined;
  private disposed = false;
}
