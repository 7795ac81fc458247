/** A turn as it is seen: frozen values that events are folded into. */
import type {
  AttachmentInfo,
  FileChange,
  Json,
  Level,
  PermissionAsked,
  PermissionSettled,
  SandboxState,
  SessionChanged,
  ToolResult,
  TurnEnded
} from '../server/wire';

export interface TextPart {
  type: 'text';
  messageId: string;
  text: string;
  open: boolean;
  blockIndex: number;
}

export interface ThinkingPart {
  type: 'thinking';
  messageId: string;
  text: string;
}

export interface ToolPart {
  type: 'tool';
  id: string;
  name: string;
  input: Json;
  parent: string;
  started: number;
  result: ToolResult | null;
}

export interface PermissionPart {
  type: 'permission';
  asked: PermissionAsked;
  settled: PermissionSettled | null;
}

export interface NoticePart {
  type: 'notice';
  level: Level;
  code: string;
  text: string;
  /** Files that wait for a grant, where the notice is about some. */
  paths?: readonly string[];
}

export type Part = TextPart | ThinkingPart | ToolPart | PermissionPart | NoticePart;

export interface TurnView {
  readonly turnId: string;
  readonly sessionId: string;
  readonly firstEvent: number;
  readonly lastEvent: number;
  readonly prompt: string;
  readonly attachments: readonly AttachmentInfo[];
  readonly origin: string;
  readonly actor: string;
  readonly cellId: string;
  readonly model: string;
  readonly parts: readonly Part[];
  readonly files: readonly FileChange[];
  readonly sandbox: SandboxState | null;
  readonly sessionChange: SessionChanged | null;
  readonly started: number;
  readonly ended: TurnEnded | null;
}

export function emptyTurn(turnId: string): TurnView {
  return {
    turnId,
    sessionId: '',
    firstEvent: 0,
    lastEvent: 0,
    prompt: '',
    attachments: [],
    origin: '',
    actor: '',
    cellId: '',
    model: '',
    parts: [],
    files: [],
    sandbox: null,
    sessionChange: null,
    started: 0,
    ended: null
  };
}

/** Questions of a turn that wait for a person. */
export function pendingOf(view: TurnView): PermissionAsked[] {
  return view.parts.flatMap(part => (part.type === 'permission' && part.settled === null ? [part.asked] : []));
}

/** Each file once, with what became of it. */
export function mergeFiles(known: readonly FileChange[], added: readonly FileChange[]): FileChange[] {
  const files = new Map(known.map(change => [change.path, change]));
  for (const change of added) {
    const before = files.get(change.path)?.action;
    if (before === 'created' && change.action === 'deleted') {
      files.delete(change.path);
    } else if (before === 'created') {
      files.set(change.path, { ...change, action: 'created' });
    } else if (before === 'deleted' && change.action === 'created') {
      files.set(change.path, { ...change, action: 'modified' });
    } else {
      files.set(change.path, change);
    }
  }
  return [...files.values()];
}
