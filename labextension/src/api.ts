/** The only module that talks to the server: verbs over REST, events over a WebSocket. */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { Following } from './following';
import { AgentError, failureOf, parse, readPage } from './read';
import type { IAgentApi, IFollower, IFollowing, MimeBundle } from './tokens';
import type { Done, Envelope, History, Json, NotebookInfo, PromptAccepted, TurnsPage } from './wire';

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
      throw failureOf(answer, response);
    }
    return answer as T;
  }
}
