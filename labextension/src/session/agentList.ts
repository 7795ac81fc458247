/** All agents of this server, looked at again and again while somebody watches. */
import { Signal } from '@lumino/signaling';
import type { IDisposable } from '@lumino/disposable';
import { cores } from '../text/numberFormat';
import type { IAgentApi } from '../tokens';
import type { NotebookInfo } from '../server/wire';

const EVERY_MS = 3000;

/** One agent, with the cores it used between the last two looks. */
export interface AgentRow {
  readonly info: NotebookInfo;
  readonly cores: number | null;
}

export class AgentList {
  constructor(private readonly api: IAgentApi) {}

  readonly changed = new Signal<AgentList, void>(this);
  rows: readonly AgentRow[] = [];
  /** Why the list is not what it should be; "" when it is. */
  error = '';
  loaded = false;

  /** Look regularly until the answer is disposed of. */
  watch(): IDisposable {
    this.watchers += 1;
    if (this.watchers === 1) {
      this.timer = setInterval(() => {
        if (!document.hidden) {
          void this.refresh();
        }
      }, EVERY_MS);
      void this.refresh();
    }
    let disposed = false;
    return {
      get isDisposed() {
        return disposed;
      },
      dispose: () => {
        if (!disposed) {
          disposed = true;
          this.watchers -= 1;
          if (this.watchers === 0) {
            clearInterval(this.timer);
          }
        }
      }
    };
  }

  async refresh(): Promise<void> {
    try {
      const found = await this.api.list();
      const before = new Map(this.rows.map(row => [row.info.notebookId, row.info]));
      this.rows = found
        .map(info => ({ info, cores: cores(before.get(info.notebookId), info) }))
        .sort((one, other) => one.info.path.localeCompare(other.info.path));
      this.error = '';
    } catch (error) {
      this.error = error instanceof Error ? error.message : String(error);
    }
    this.loaded = true;
    this.changed.emit();
  }

  async stop(notebookId: string): Promise<void> {
    await this.api.call(notebookId, 'stop');
    await this.refresh();
  }

  private timer: ReturnType<typeof setInterval> | undefined;
  private watchers = 0;
}
