/** A turn as it was saved in a cell's output; the notebook may come from anybody. */
import { isBag } from '../server/readAnswer';
import { emptyTurn } from './turnView';
import type { Part, TurnView } from './turnView';
import type { FileChange, Json, Level, TurnEnded } from '../server/wire';

export interface SavedTurn {
  notebookId: string;
  turn: TurnView;
  /** False while only the server knows the turn. */
  isFinal: boolean;
  labels: string[];
}

const VERSION = 1;
const LEVELS = new Set(['info', 'warning', 'error']);
const ACTIONS = new Set(['created', 'modified', 'deleted']);

/** The saved turn, or null when it is none that this version can show. */
export function readBundle(value: unknown): SavedTurn | null {
  if (!isBag(value) || value.version !== VERSION || typeof value.turnId !== 'string') {
    return null;
  }
  const status = text(value.status);
  const isFinal = status !== 'running' && status !== 'detached';
  const ended: TurnEnded = {
    kind: 'turn_ended',
    status: status as TurnEnded['status'],
    error: text(value.ending),
    durationMs: count(value.durationMs),
    ...(typeof value.costUsd === 'number' ? { costUsd: value.costUsd } : {})
  };
  const turn: TurnView = {
    ...emptyTurn(value.turnId),
    prompt: text(value.prompt),
    model: text(value.model),
    parts: list(value.parts).flatMap(readPart),
    files: list(value.files).flatMap(readFile),
    ended: isFinal ? ended : null
  };
  return { notebookId: text(value.notebookId), turn, isFinal, labels: list(value.labels).map(text) };
}

function readPart(part: unknown): Part[] {
  if (!isBag(part)) {
    return [];
  }
  switch (part.type) {
    case 'text':
      return [{ type: 'text', messageId: '', text: text(part.text), open: false, blockIndex: 0 }];
    case 'tool':
      return [
        {
          type: 'tool',
          id: text(part.id),
          name: text(part.name) || 'tool',
          input: (part.input as Json | undefined) ?? text(part.arguments),
          parent: text(part.parent),
          started: 0,
          result: isBag(part.result)
            ? {
                kind: 'tool_result',
                toolUseId: text(part.id),
                text: text(part.result.text),
                isError: part.result.isError === true,
                sizeBytes: count(part.result.sizeBytes),
                durationMs: count(part.result.durationMs)
              }
            : null
        }
      ];
    case 'permission':
      return [{ type: 'notice', level: 'info', code: 'permission', text: text(part.text) }];
    case 'notice': {
      const level = text(part.level);
      return [
        { type: 'notice', level: LEVELS.has(level) ? (level as Level) : 'info', code: 'saved', text: text(part.text) }
      ];
    }
    default:
      return [{ type: 'notice', level: 'info', code: 'unknown_event', text: text(part.type) || '?' }];
  }
}

function readFile(file: unknown): FileChange[] {
  if (!isBag(file) || !ACTIONS.has(text(file.action))) {
    return [];
  }
  return [{ path: text(file.path), action: file.action as FileChange['action'], size_bytes: count(file.sizeBytes) }];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
