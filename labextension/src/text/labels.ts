/** Figures and states in words, translated. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { NotebookInfo, NotebookMode, PermissionMode, SandboxStateName } from '../server/wire';

export function stateWord(trans: TranslationBundle, state: SandboxStateName): string {
  const words: Record<SandboxStateName, string> = {
    none: trans.__('no sandbox'),
    starting: trans.__('starting'),
    ready: trans.__('ready'),
    working: trans.__('working'),
    idle: trans.__('idle'),
    stopping: trans.__('stopping'),
    stopped: trans.__('stopped'),
    lost: trans.__('lost')
  };
  return words[state] ?? state;
}

export const MODES: readonly PermissionMode[] = ['free', 'default', 'acceptEdits', 'plan', 'dontAsk'];

export function modeWord(trans: TranslationBundle, mode: PermissionMode): string {
  const words: Record<PermissionMode, string> = {
    free: trans.__('Free in the sandbox'),
    default: trans.__('Ask before tools'),
    acceptEdits: trans.__('Edits without asking'),
    plan: trans.__('Plan only'),
    dontAsk: trans.__('Deny what would ask')
  };
  return words[mode] ?? mode;
}

export const NOTEBOOK_MODES: readonly NotebookMode[] = ['ask', 'ask_risky', 'auto'];

export function notebookModeWord(trans: TranslationBundle, mode: NotebookMode): string {
  const words: Record<NotebookMode, string> = {
    ask: trans.__('Cells: ask each time'),
    ask_risky: trans.__('Cells: ask when risky'),
    auto: trans.__('Cells: never ask')
  };
  return words[mode] ?? mode;
}

/** Where the agent runs, and what a person must not be mistaken about. */
export function placeWords(trans: TranslationBundle, info: NotebookInfo): string {
  const place = info.isolation || info.provider;
  const words = place ? [place] : [];
  if (info.isolationLevel === 'none' && !place.toLowerCase().includes('not isolated')) {
    words.push(trans.__('not isolated'));
  }
  if (info.workspaceMode === 'bind') {
    words.push(trans.__('writes your folder directly'));
  }
  return words.join(', ');
}

export function money(dollars: number): string {
  return `$${dollars.toFixed(dollars < 0.1 ? 4 : 2)}`;
}

export function seconds(value: number): string {
  if (value < 60) {
    return `${value.toFixed(1)} s`;
  }
  return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
}

export function size(bytes: number): string {
  if (bytes < 1000) {
    return `${bytes} B`;
  }
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** A tool's name for people: a tool of an MCP server names its server. */
export function toolWord(name: string): string {
  const [, server, tool] = /^mcp__(.+?)__(.+)$/.exec(name) ?? [];
  return exact(server && tool ? `${server} · ${tool}` : name);
}

const ESCAPE_SEQUENCE = /\x1b\[[0-?]*[ -/]*[@-~]|\x1b[PX^_\]][\s\S]*?(?:\x07|\x1b\\|$)|\x1b[ -/]*[0-~]/g;
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

/** A tool's output without terminal codes; of a line rewritten by CR the last state. */
export function readable(text: string): string {
  return text
    .replace(ESCAPE_SEQUENCE, '')
    .replaceAll('\r\n', '\n')
    .split('\n')
    .map(line => line.replace(/\r+$/, '').split('\r').at(-1) ?? '')
    .join('\n')
    .replace(CONTROL, '');
}

/** Text with nothing hidden: control characters are spelled out. For what a person decides on. */
export function exact(text: string): string {
  return text.replace(CONTROL, sign => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
