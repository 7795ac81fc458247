/** The only module that talks to the server: verbs over REST, events over a WebSocket. */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { isBag, readRecord } from './read';
import type { IAgentApi, IFollowing, IFollower } from './tokens';
import type { Done, Envelope, EventRecord, History, Json, NotebookInfo, PromptAccepted } from './wire';

const PREFIX = 'agent-host';
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
const BATCH_MS = 16;

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

export class AgentApi implements IAgentApi {
  constructor(private readonly settings: ServerConnection.ISettings = ServerConnection.makeSettings()) {}

  open(path: string): Promise<NotebookInfo> {
    return this.request<NotebookInfo>('open', { path });
  }

  list(): Promise<NotebookInfo[]> {
    return this.request<NotebookInfo[]>('notebooks');
  }

  call(notebookId: string, verb: 'prompt', request: Record<string, Json>): Promise<PromptAccepted>;
  call(notebookId: string, verb: 'status', request?: Record<string, Json>): Promise<NotebookInfo>;
  call(notebookId: string, verb: 'history', request?: Record<string, Json>): Promise<History>;
  call(notebookId: string, verb: string, request?: Record<string, Json>): Promise<Done>;
  call(notebookId: string, verb: string, request: Record<string, Json> = {}): Promise<unknown> {
    return this.request(URLExt.join('notebooks', encodeURIComponent(notebookId), verb), request);
  }

  envelope(notebookId: string): Promise<Envelope | null> {
    return this.request<Envelope | null>(URLExt.join('notebooks', encodeURIComponent(notebookId), 'envelope'));
  }

  /** Follow from `after` on, through lost connections, until disposed. Each event comes once, in order. */
  follow(notebookId: string, after: number, follower: IFollower): IFollowing {
    const address = (from: number): string => {
      const url = URLExt.join(
        this.settings.wsUrl,
        PREFIX,
        'notebooks',
        encodeURIComponent(notebookId),
        `events/socket?after=${from}`
      );
      // A browser's WebSocket cannot carry the header; Jupyter takes the token from the address, as for kernels.
      return this.settings.appendToken && this.settings.token
        ? `${url}&token=${encodeURIComponent(this.settings.token)}`
        : url;
    };
    return new Following(from => new this.settings.WebSocket(address(from)), after, follower);
  }

  private async request<T>(path: string, body?: Record<string, Json>): Promise<T> {
    const init: RequestInit = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const url = URLExt.join(this.settings.baseUrl, PREFIX, path);
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(url, init, this.settings);
    } catch (error) {
      throw new AgentError('unreachable', error instanceof Error ? error.message : String(error), true);
    }
    const text = await response.text();
    const answer = parse(text);
    if (!response.ok) {
      throw failure(answer, response);
    }
    return answer as T;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function failure(answer: unknown, response: Response): AgentError {
  const told = isBag(answer) ? answer : {};
  const code = typeof told.code === 'string' ? told.code : `http_${response.status}`;
  const message = typeof told.message === 'string' ? told.message : `${response.status} ${response.statusText}`;
  return new AgentError(code, message, told.retryable === true || response.status >= 500);
}

/** One subscription. Events are handed on in small batches, so that a long history is one redraw, not thousands. */
export class Following implements IFollowing {
  constructor(
    private readonly connect: (after: number) => WebSocket,
    private after: number,
    private readonly follower: IFollower
  ) {
    this.dial();
  }

  get isDisposed(): boolean {
    return this.disposed;
  }

  dispose(): void {
    this.disposed = true;
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

  private socket: WebSocket | null = null;
  private batch: EventRecord[] = [];
  private wait = FIRST_WAIT_MS;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private flushing: ReturnType<typeof setTimeout> | undefined;
  private disposed = false;
}
