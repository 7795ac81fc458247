/** This page's line to the server about the notebooks that it has open: says which, and answers requests. */
import { URLExt } from '@jupyterlab/coreutils';
import type { ServerConnection } from '@jupyterlab/services';
import type { JSONObject } from '@lumino/coreutils';
import { UUID } from '@lumino/coreutils';
import { Refusal } from '../notebook/notebookEdits';
import type { Edit } from '../notebook/notebookEdits';

/** What the server is told about one open notebook. */
export interface OpenNotebook {
  path: string;
  dirty: boolean;
  collaborative: boolean;
  /** When the person last did something in it, in milliseconds. */
  used: number;
}

export interface PageRequest {
  request_id: string;
  op: 'read' | 'edit';
  path: string;
  edit_id: string;
  outputs_of: string[];
  edits: Edit[];
  for_person: boolean;
}

/** What the line needs of the page. */
export interface IPageSide {
  notebooks(): OpenNotebook[];
  /** Carry a request out; throws a `Refusal`. */
  answer(request: PageRequest): JSONObject;
  /** The notebook now, for a refusal that shows it; null when it is not open. */
  present(path: string): JSONObject | null;
}

const FIRST_PAUSE = 250;
const LAST_PAUSE = 5000;

/** Connects, and connects again, until disposed. */
export class PageLine {
  private socket: WebSocket | null = null;
  private readonly pageId = UUID.uuid4();
  private pause = FIRST_PAUSE;
  private timer: number | undefined;
  private told = '';

  constructor(
    private readonly settings: ServerConnection.ISettings,
    private readonly side: IPageSide
  ) {
    this.connect();
  }

  /** Say what is open, if that changed. */
  tell(): void {
    if (this.socket?.readyState !== WebSocket.OPEN) {
      return;
    }
    const state = JSON.stringify({ kind: 'state', page_id: this.pageId, notebooks: this.side.notebooks() });
    if (state !== this.told) {
      this.told = state;
      this.socket.send(state);
    }
  }

  dispose(): void {
    window.clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  private connect(): void {
    const address = URLExt.join(this.settings.wsUrl, 'agent-host', 'pages', 'socket');
    const token = this.settings.appendToken && this.settings.token ? `?token=${encodeURIComponent(this.settings.token)}` : '';
    const socket = new this.settings.WebSocket(address + token);
    this.socket = socket;
    socket.onopen = () => {
      this.pause = FIRST_PAUSE;
      this.told = '';
      this.tell();
    };
    socket.onmessage = (message: MessageEvent<string>) => this.received(JSON.parse(message.data) as PageRequest);
    socket.onclose = () => {
      if (this.socket === socket) {
        this.timer = window.setTimeout(() => this.connect(), this.pause);
        this.pause = Math.min(this.pause * 2, LAST_PAUSE);
      }
    };
  }

  private received(request: PageRequest): void {
    this.socket?.send(JSON.stringify({ kind: 'answer', request_id: request.request_id, ...this.outcome(request) }));
    this.tell();
  }

  private outcome(request: PageRequest): JSONObject {
    try {
      return { result: this.side.answer(request) };
    } catch (error) {
      if (error instanceof Refusal) {
        const result = this.side.present(request.path);
        return { result, code: error.code, cell_id: error.cellId, message: error.message };
      }
      console.error('agent: an edit failed', error);
      return { code: 'failed', message: error instanceof Error ? error.message : String(error) };
    }
  }
}
