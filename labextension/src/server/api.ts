/** The only module that talks to the server: verbs over REST, events over a WebSocket. */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { Following } from './eventSubscription';
import { AgentError, failureOf, parse, readPage } from './readAnswer';
import type { ExportFormat, IAgentApi, IFollower, IFollowing, MimeBundle } from '../tokens';
import type {
  ContextUse,
  Done,
  Envelope,
  History,
  Json,
  McpReport,
  ModelList,
  NetworkReport,
  NotebookInfo,
  PromptAccepted,
  SessionList,
  TurnsPage
} from './wire';

const PREFIX = 'agent-host';

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
  call(notebookId: string, verb: 'sessions', request?: Record<string, Json>): Promise<SessionList>;
  call(notebookId: string, verb: 'context', request?: Record<string, Json>): Promise<ContextUse>;
  call(notebookId: string, verb: 'models', request?: Record<string, Json>): Promise<ModelList>;
  call(notebookId: string, verb: 'network', request?: Record<string, Json>): Promise<NetworkReport>;
  call(notebookId: string, verb: 'mcp', request?: Record<string, Json>): Promise<McpReport>;
  call(notebookId: string, verb: string, request?: Record<string, Json>): Promise<Done>;
  call(notebookId: string, verb: string, request: Record<string, Json> = {}): Promise<unknown> {
    return this.request(URLExt.join('notebooks', encodeURIComponent(notebookId), verb), request);
  }

  async turns(notebookId: string, wanted: { before?: number; limit?: number; turnId?: string }): Promise<TurnsPage> {
    const page = await this.request<unknown>(URLExt.join('notebooks', encodeURIComponent(notebookId), 'turns'), wanted);
    return readPage(page);
  }

  turnOutput(notebookId: string, turnId: string): Promise<MimeBundle | null> {
    const path = URLExt.join('notebooks', encodeURIComponent(notebookId), 'turns', encodeURIComponent(turnId), 'output');
    return this.request<MimeBundle | null>(path);
  }

  envelope(notebookId: string): Promise<Envelope | null> {
    return this.request<Envelope | null>(URLExt.join('notebooks', encodeURIComponent(notebookId), 'envelope'));
  }

  /** The last lines that the sandbox wrote; "" when there is none. */
  logs(notebookId: string): Promise<string> {
    return this.text(URLExt.join('notebooks', encodeURIComponent(notebookId), 'logs'));
  }

  /** Where a browser downloads a conversation from, the present one by default. */
  exportUrl(notebookId: string, format: ExportFormat, sessionId = ''): string {
    const path = URLExt.join(this.settings.baseUrl, PREFIX, 'notebooks', encodeURIComponent(notebookId), 'export');
    const token = this.settings.appendToken && this.settings.token ? { token: this.settings.token } : {};
    return path + URLExt.objectToQueryString({ format, ...(sessionId ? { session: sessionId } : {}), ...token });
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
    return parse(await this.text(path, body)) as T;
  }

  private async text(path: string, body?: Record<string, Json>): Promise<string> {
    const init: RequestInit = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const url = URLExt.join(this.settings.baseUrl, PREFIX, path);
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(url, init, this.settings);
    } catch (error) {
      throw new AgentError('unreachable', error instanceof Error ? error.message : String(error), true);
    }
    const text = await response.text();
    if (!response.ok) {
      throw failureOf(parse(text), response);
    }
    return text;
  }
}
