/** What the plugins of this extension give each other, and other extensions. */
import type { NotebookPanel } from '@jupyterlab/notebook';
import { Token } from '@lumino/coreutils';
import type { JSONValue } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import type { Conversation } from './turns/eventReducer';
import type { Reviews } from './turns/turnReviews';
import type { TurnView } from './turns/turnView';
import type {
  Attachment,
  ContextUse,
  Done,
  Envelope,
  EventRecord,
  History,
  Json,
  McpReport,
  ModelList,
  NetworkReport,
  NotebookInfo,
  NotebookMode,
  PermissionMode,
  PromptAccepted,
  Remember,
  SessionList,
  TrustChoice,
  TurnsPage
} from './server/wire';

export const NAMESPACE = '@jupyter-agent-host/labextension';
export const TRANSLATION_DOMAIN = 'jupyter_agent_host';
export const TURN_TYPE = 'application/vnd.jupyter-agent-host.turn.v1+json';

/** Who hears a notebook's events. */
export interface IFollower {
  received(records: readonly EventRecord[]): void;
  connected(is: boolean): void;
  failed(error: Error): void;
}

export interface IFollowing extends IDisposable {
  retryNow(): void;
}

export type ExportFormat = 'markdown' | 'jsonl';

/** The server's REST and WebSocket interface. */
export interface IAgentApi {
  open(path: string): Promise<NotebookInfo>;
  list(): Promise<NotebookInfo[]>;
  call(notebookId: string, verb: 'prompt', request: Record<string, Json>): Promise<PromptAccepted>;
  call(notebookId: string, verb: 'status', request?: Record<string, Json>): Promise<NotebookInfo>;
  call(notebookId: string, verb: 'history', request?: Record<string, Json>): Promise<History>;
  call(notebookId: string, verb: 'sessions', request?: Record<string, Json>): Promise<SessionList>;
  call(notebookId: string, verb: 'context', request?: Record<string, Json>): Promise<ContextUse>;
  call(notebookId: string, verb: 'models', request?: Record<string, Json>): Promise<ModelList>;
  call(notebookId: string, verb: 'network', request?: Record<string, Json>): Promise<NetworkReport>;
  call(notebookId: string, verb: 'mcp', request?: Record<string, Json>): Promise<McpReport>;
  call(notebookId: string, verb: string, request?: Record<string, Json>): Promise<Done>;
  /** At most `limit` turns begun before the event `before` (0: the newest), or the one named. */
  turns(notebookId: string, wanted: { before?: number; limit?: number; turnId?: string }): Promise<TurnsPage>;
  /** A finished turn as its cell's output; null while it runs. */
  turnOutput(notebookId: string, turnId: string): Promise<MimeBundle | null>;
  envelope(notebookId: string): Promise<Envelope | null>;
  /** The last lines that the sandbox wrote; "" when there is none. */
  logs(notebookId: string): Promise<string>;
  /** Where a browser downloads a conversation from, the present one by default. */
  exportUrl(notebookId: string, format: ExportFormat, sessionId?: string): string;
  follow(notebookId: string, after: number, follower: IFollower): IFollowing;
}

export type MimeBundle = { [type: string]: JSONValue };

/** A cell as the composer offers it. */
export interface CellSummary {
  id: string;
  /** Counted from 1. */
  number: number;
  type: string;
  firstLine: string;
  hasOutput: boolean;
}

/** The open notebook of an agent: what can be attached from it, and where code goes. */
export interface INotebookSide {
  readonly cells: readonly CellSummary[];
  /** The source of the selected cells. */
  selected(): Attachment[];
  source(cellId: string): Attachment[];
  /** A cell's outputs, text and images; of the active cell without an id. */
  output(cellId?: string): Attachment[];
  /** A new code cell below the active one. */
  insertCell(source: string): void;
  /** Names of variables that begin so; none while the kernel is busy or away. */
  variables(prefix: string): Promise<string[]>;
  /** What the kernel tells of a variable. */
  variable(name: string): Promise<Attachment | null>;
  /** Paths in the notebook's folder that begin so; folders end with "/". */
  files(prefix: string): Promise<string[]>;
  /** A file of the server as an attachment; the path is from the server's root. */
  file(path: string): Promise<Attachment>;
  /** Lets the person pick files of the server; their paths. */
  pickFiles(title: string): Promise<string[]>;
}

/** One notebook's agent as this page knows it: the server's truth, repeated. */
export interface IAgent extends IDisposable {
  readonly info: NotebookInfo | null;
  readonly conversation: Conversation;
  /** The saved conversation: also turns of which this server saw no events, and those of somebody else. */
  readonly history: History | null;
  /** Whether the saved conversation waits for a person's word before the agent goes on from it. */
  readonly isForeign: boolean;
  readonly connected: boolean;
  /** The last failure, a sentence; "" when there is none. */
  readonly error: string;
  /** What the last verb answered. */
  readonly message: string;
  readonly busy: boolean;
  readonly pending: number;
  /** Turns before those in `conversation`, which the server has and this page did not ask for yet. */
  readonly earlier: number;
  readonly notebook: INotebookSide;
  /** What turns changed, and the decisions about it. */
  readonly reviews: Reviews;
  /** A turn that is to be brought before the person's eyes. */
  readonly revealed: ISignal<IAgent, string>;
  readonly changed: ISignal<IAgent, void>;

  prompt(text: string, attachments?: readonly Attachment[]): Promise<boolean>;
  interrupt(): Promise<void>;
  /** Take a prompt back that waits. */
  cancel(turnId: string): Promise<void>;
  answer(requestId: string, answer: Decision): Promise<void>;
  /** One turn; asks the server for one that is not here yet (undefined). null: the server has none of that id. */
  turn(turnId: string): TurnView | null | undefined;
  /** Ask for a page of earlier turns. */
  loadEarlier(): Promise<void>;
  /** Bring a turn of this conversation before the person's eyes, loading it if need be; false if it is not in it. */
  reveal(turnId: string): Promise<boolean>;
  verb(verb: 'stop' | 'reset' | 'fork'): Promise<void>;
  /** Any verb that answers with a sentence, which becomes `message`, or `error` when it is refused. */
  carry(verb: string, request?: Record<string, Json>): Promise<void>;
  setModel(model: string): Promise<void>;
  setMode(mode: PermissionMode): Promise<void>;
  setNotebookMode(mode: NotebookMode): Promise<void>;
  trust(choice: TrustChoice): Promise<void>;
  grant(target: string): Promise<void>;
  /** Try again whatever failed. */
  refresh(): Promise<void>;
  dismiss(): void;
}

export interface Decision {
  decision: 'allow' | 'deny';
  message?: string;
  updatedInput?: Json;
  remember?: Remember;
}

/** The agents of the notebooks that this page has open. */
export interface IAgents {
  readonly api: IAgentApi;
  /** The agent of this open notebook. */
  of(panel: NotebookPanel): IAgent;
  /** The agent with this id, if one of the open notebooks is its. */
  byId(notebookId: string): IAgent | null;
  /** The active notebook's agent. */
  readonly current: IAgent | null;
  readonly currentChanged: ISignal<IAgents, void>;
}

export const IAgents = new Token<IAgents>(
  `${NAMESPACE}:IAgents`,
  'The agents of the notebooks that are open in this page.'
);
