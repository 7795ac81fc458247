/** What travels between the server and this page; `openapi.json` of the server is the full description. */

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

export type SandboxStateName = 'none' | 'starting' | 'ready' | 'working' | 'idle' | 'stopping' | 'stopped' | 'lost';
export type Trust = 'none' | 'own' | 'foreign' | 'unsigned' | 'corrupt' | 'diverged';
export type PermissionMode = 'free' | 'default' | 'acceptEdits' | 'plan' | 'dontAsk';
export type TrustChoice = 'resume' | 'fresh' | 'journal' | 'notebook';
export type Remember = 'once' | 'notebook';
export type Level = 'info' | 'warning' | 'error';
export type TurnStatus = 'completed' | 'interrupted' | 'max_turns' | 'budget' | 'error';

/** What every surface shows at the top of a notebook's agent. */
export interface NotebookInfo {
  notebookId: string;
  path: string;
  sessionId: string;
  state: SandboxStateName;
  provider: string;
  isolation: string;
  isolationLevel: string;
  isolationNotes: string[];
  workspaceMode: string;
  workspaceNote: string;
  trust: Trust;
  trustReason: string;
  turns: number;
  queued: number;
  costUsd: number;
  budgetUsd: number | null;
  model: string;
  permissionMode: PermissionMode;
  scriptedModel: boolean;
  lastEvent: number;
  memBytes: number | null;
  pendingPermissions: string[];
  refusedFiles: string[];
}

export interface TurnSummary {
  turnId: string;
  sessionId: string;
  prompt: string;
  text: string;
  status: string;
  started: number;
  durationMs: number;
  costUsd: number;
  model: string;
}

export interface History {
  notebookId: string;
  sessionId: string;
  trust: Trust;
  turns: TurnSummary[];
}

export interface PromptAccepted {
  notebookId: string;
  sessionId: string;
  turnId: string;
  after: number;
}

export interface Done {
  ok: boolean;
  message: string;
  sessionId: string;
}

/** What is sent along with a prompt. */
export type Attachment =
  | { kind: 'text'; name: string; text: string }
  | { kind: 'image'; name: string; mediaType: string; data: string };

/** What is told of it afterwards. */
export interface AttachmentInfo {
  name: string;
  kind: 'text' | 'image';
  sizeBytes: number;
}

/** Whole turns, the newest first asked for; `records` as they came. */
export interface TurnsPage {
  notebookId: string;
  after: number;
  before: number;
  earlier: number;
  records: EventRecord[];
}

/** The notebook's saved state, opaque to this page. */
export type Envelope = { [name: string]: Json };

export interface ToolImage {
  media_type?: Json;
  mediaType?: Json;
  data?: Json;
}

export interface FileChange {
  path: string;
  action: 'created' | 'modified' | 'deleted';
  size_bytes?: number;
}

export interface TurnStarted {
  kind: 'turn_started';
  prompt: string;
  origin?: string;
  actor?: string;
  cellId?: string;
  model?: string;
  attachments?: AttachmentInfo[];
}

export interface TextDelta {
  kind: 'text_delta' | 'thinking_delta';
  messageId: string;
  text: string;
}

export interface AttemptDiscarded {
  kind: 'attempt_discarded';
  messageId: string;
  reason?: string;
}

export interface AssistantText {
  kind: 'assistant_text';
  messageId: string;
  text: string;
  blockIndex?: number;
}

export interface ToolCall {
  kind: 'tool_call';
  toolUseId: string;
  name: string;
  input?: Json;
  parentToolUseId?: string;
}

export interface ToolResult {
  kind: 'tool_result';
  toolUseId: string;
  text?: string;
  isError?: boolean;
  sizeBytes?: number;
  durationMs?: number;
  images?: ToolImage[];
}

export interface PermissionAsked {
  kind: 'permission_asked';
  requestId: string;
  toolName: string;
  input?: Json;
  title?: string;
  description?: string;
  questions?: Json;
  /** `host`: about what would leave the sandbox. */
  source?: 'box' | 'host';
}

export interface PermissionSettled {
  kind: 'permission_settled';
  requestId: string;
  decision: 'allow' | 'deny';
  message?: string;
  by?: string;
  remember?: Remember;
}

export interface FilesChanged {
  kind: 'files_changed';
  files: FileChange[];
}

export interface FilesRefused {
  kind: 'files_refused';
  paths: string[];
  reason: string;
}

export interface SandboxState {
  kind: 'sandbox_state';
  state: SandboxStateName;
  provider?: string;
  isolation?: string;
  detail?: string;
}

export interface SessionChanged {
  kind: 'session_changed';
  sessionId: string;
  how: string;
  previousSessionId?: string;
}

export interface Notice {
  kind: 'notice';
  level: Level;
  code: string;
  text: string;
}

export interface TurnEnded {
  kind: 'turn_ended';
  status: TurnStatus;
  text?: string;
  costUsd?: number;
  durationMs?: number;
  numTurns?: number;
  model?: string;
  error?: string;
  errorCode?: string;
  contextTokens?: number;
}

export type KnownEvent =
  | TurnStarted
  | TextDelta
  | AttemptDiscarded
  | AssistantText
  | ToolCall
  | ToolResult
  | PermissionAsked
  | PermissionSettled
  | FilesChanged
  | FilesRefused
  | SandboxState
  | SessionChanged
  | Notice
  | TurnEnded;

export type AgentEvent = KnownEvent | UnknownEvent;

/** An event of a newer server: shown as such, never refused. */
export interface UnknownEvent {
  kind: 'unknown';
  name: string;
}

export interface EventRecord {
  number: number;
  notebookId: string;
  sessionId: string;
  turnId: string;
  time: number;
  event: AgentEvent;
}
