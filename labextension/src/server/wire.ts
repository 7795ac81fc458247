/** What travels between the server and this page; `openapi.json` of the server is the full description. */

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

export type SandboxStateName = 'none' | 'starting' | 'ready' | 'working' | 'idle' | 'stopping' | 'stopped' | 'lost';
export type Trust = 'none' | 'own' | 'foreign' | 'unsigned' | 'corrupt' | 'diverged';
export type PermissionMode = 'free' | 'default' | 'acceptEdits' | 'plan' | 'dontAsk';
export type NotebookMode = 'ask' | 'ask_risky' | 'auto';
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
  workspaceFolder: string;
  workspacePlace: string;
  workspaceRestricted: boolean;
  trust: Trust;
  trustReason: string;
  turns: number;
  queued: number;
  costUsd: number;
  budgetUsd: number | null;
  model: string;
  permissionMode: PermissionMode;
  notebookMode: NotebookMode;
  scriptedModel: boolean;
  lastEvent: number;
  title: string;
  turnCostUsd: number;
  contextTokens: number;
  contextWindow: number;
  /** Seconds since the epoch, as `measured`. */
  sandboxStarted: number | null;
  measured: number;
  measuredAgeSeconds: number | null;
  cpuSeconds: number | null;
  memBytes: number | null;
  memLimitBytes: number;
  cpuLimit: number;
  pids: number | null;
  stripped: boolean;
  turnMoments: Json;
  /** The file in which the session was found just now, with the first `savedTurns` of its turns; '' for none. */
  savedIn: string;
  savedTurns: number;
  savedProblem: string;
  pendingPermissions: string[];
  refusedFiles: string[];
  hiddenFiles: string[];
}

/** Tokens of one turn, all models together. */
export interface Usage {
  input_tokens: number;
  output_tokens: number;
  cache_read_input_tokens: number;
  cache_creation_input_tokens: number;
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
  usage: Usage;
  cellId: string;
  model: string;
}

/** One conversation of a notebook, as a list shows it. */
export interface SessionSummary {
  sessionId: string;
  title: string;
  firstPrompt: string;
  turns: number;
  costUsd: number;
  created: number;
  lastUsed: number;
  parentSessionId: string;
  current: boolean;
}

export interface SessionList {
  notebookId: string;
  sessions: SessionSummary[];
}

export interface ContextPart {
  name: string;
  tokens: number;
}

/** How full the agent's context window is; `live`: counted now. */
export interface ContextUse {
  tokens: number;
  window: number;
  live: boolean;
  model: string;
  compactsAt: number;
  parts: ContextPart[];
}

export interface ModelList {
  current: string;
  default: string;
  models: string[];
  allowed: string[];
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
  answered: boolean;
  asksInPage: boolean;
}

export interface Done {
  ok: boolean;
  message: string;
  sessionId: string;
}

/** One cell or file that a turn changed. */
export interface ReviewItem {
  kind: 'cell' | 'file';
  key: string;
  action: string;
  state: 'open' | 'waiting' | 'accepted' | 'rejected' | 'undone';
  head: string;
  position: number | null;
  added: number;
  removed: number;
  problem: string;
  reason: string;
}

export interface ReviewTurn {
  turnId: string;
  time: number;
  summary: string;
  open: number;
  dropped: string;
  items: ReviewItem[];
}

export interface ReviewList {
  notebookId: string;
  turns: ReviewTurn[];
  note: string;
}

export interface ReviewDiff {
  kind: 'cell' | 'file';
  key: string;
  diff: string;
  since: string;
  before: string | null;
  after: string | null;
  metadata: string;
  outputs: string;
  problem: string;
}

export interface ReviewConflict {
  kind: 'cell' | 'file';
  key: string;
  reason: string;
  mine: string | null;
  before: string | null;
  diff: string;
}

export interface Decided {
  ok: boolean;
  message: string;
  turn: ReviewTurn | null;
  conflicts: ReviewConflict[];
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
  permissionMode?: string;
  maxTurns?: number | null;
  maxBudgetUsd?: number | null;
  headless?: boolean;
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
  details?: Json;
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

/** How many cells and files a turn changed, and what became of them. */
export interface ReviewChanged {
  kind: 'review_changed';
  reviewedTurnId: string;
  cells: number;
  files: number;
  open?: number;
  waiting?: number;
  accepted?: number;
  rejected?: number;
  dropped?: string;
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
  usage?: Usage;
  resumable?: boolean;
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
  | ReviewChanged
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

/** One network rule. `counts`: false for a permission that a locked policy makes void. */
export interface NetworkRule {
  rule: string;
  verdict: 'allow' | 'deny';
  source: 'server' | 'notebook';
  counts: boolean;
}

/** What a notebook's agent may reach. `policy`: what happens with a host that no rule names. */
export interface NetworkReport {
  policy: 'deny' | 'ask';
  locked: boolean;
  rules: NetworkRule[];
  presets: string[];
  services: string[];
  bytesToday: number;
  message: string;
}

/** An MCP server that the administrator set up. */
export interface McpInfo {
  name: string;
  on: boolean;
  runs: 'inside' | 'outside';
  about: string;
}

export interface McpReport {
  servers: McpInfo[];
  message: string;
}
