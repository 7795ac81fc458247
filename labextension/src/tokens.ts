/** What the plugins of this extension give each other, and other extensions. */
import type { NotebookPanel } from '@jupyterlab/notebook';
import { Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import type { Conversation } from './reducer';
import type {
  Done,
  Envelope,
  EventRecord,
  History,
  Json,
  NotebookInfo,
  PermissionMode,
  PromptAccepted,
  TrustChoice
} from './wire';

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

/** The server's REST and WebSocket interface. */
export interface IAgentApi {
  open(path: string): Promise<NotebookInfo>;
  list(): Promise<NotebookInfo[]>;
  call(notebookId: string, verb: 'prompt', request: Record<string, Json>): Promise<PromptAccepted>;
  call(notebookId: string, verb: 'status', request?: Record<string, Json>): Promise<NotebookInfo>;
  call(notebookId: string, verb: 'history', request?: Record<string, Json>): Promise<History>;
  call(notebookId: string, verb: string, request?: Record<string, Json>): Promise<Done>;
  envelope(notebookId: string): Promise<Envelope | null>;
  follow(notebookId: string, after: number, follower: IFollower): IFollowing;
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
  readonly changed: ISignal<IAgent, void>;

  prompt(text: string): Promise<boolean>;
  interrupt(): Promise<void>;
  answer(requestId: string, decision: 'allow' | 'deny', message?: string, updatedInput?: Json): Promise<void>;
  verb(verb: 'stop' | 'reset' | 'fork'): Promise<void>;
  setModel(model: string): Promise<void>;
  setMode(mode: PermissionMode): Promise<void>;
  trust(choice: TrustChoice): Promise<void>;
  grant(target: string): Promise<void>;
  /** Try again whatever failed. */
  refresh(): Promise<void>;
  dismiss(): void;
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
