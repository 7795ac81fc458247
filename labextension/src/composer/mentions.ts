/** What `@` and `/` offer while a person writes. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { PathExt } from '@jupyterlab/coreutils';
import type { IAgent } from '../tokens';
import type { Attachment } from '../server/wire';
import type { SlashCommand } from './slashCommands';

export interface Offer {
  key: string;
  label: string;
  about: string;
  /** What replaces the word at the caret. */
  insert: string;
  /** What is attached when it is taken. */
  attach?: () => Promise<Attachment[]>;
  /** Go on offering: a folder was chosen, not a file. */
  more?: boolean;
}

/** The word at the caret that asks for an offer: where it starts, and what was written of it. */
export interface Asked {
  start: number;
  sign: '@' | '/';
  word: string;
}

const MOST_OF_EACH = 6;

export function askedAt(text: string, caret: number): Asked | null {
  const before = text.slice(0, caret);
  const slash = /^\/([a-z]*)$/.exec(before);
  if (slash) {
    return { start: 0, sign: '/', word: slash[1] ?? '' };
  }
  const at = /(?:^|\s)@([\w./-]*)$/.exec(before);
  return at ? { start: caret - (at[1] ?? '').length - 1, sign: '@', word: at[1] ?? '' } : null;
}

export function commandOffers(commands: readonly SlashCommand[], word: string): Offer[] {
  return commands
    .filter(command => command.name.startsWith(word))
    .map(command => ({
      key: `command-${command.name}`,
      label: `/${command.name}${command.argument ? ` ${command.argument}` : ''}`,
      about: command.about,
      insert: `/${command.name}${command.argument ? ' ' : ''}`
    }));
}

/** Offers as they come: cells at once, files and variables when server and kernel have answered. */
export function mentionOffers(
  trans: TranslationBundle,
  agent: IAgent,
  word: string,
  show: (offers: Offer[]) => void
): void {
  const found: Offer[][] = [cellOffers(trans, agent, word), [], []];
  const put = (place: number, offers: Offer[]): void => {
    found[place] = offers;
    show(found.flat());
  };
  show(found.flat());
  void agent.notebook.variables(word).then(names => put(1, variableOffers(trans, agent, names)));
  void agent.notebook
    .files(word)
    .catch((): string[] => [])
    .then(paths => put(2, fileOffers(trans, paths)));
}

function cellOffers(trans: TranslationBundle, agent: IAgent, word: string): Offer[] {
  const { notebook } = agent;
  return notebook.cells
    .filter(cell => `cell${cell.number}`.startsWith(word.toLowerCase()))
    .slice(0, MOST_OF_EACH)
    .map(cell => ({
      key: `cell-${cell.id}`,
      label: trans.__('cell %1', cell.number),
      about: cell.firstLine,
      insert: `@cell${cell.number} `,
      attach: () => Promise.resolve([...notebook.source(cell.id), ...notebook.output(cell.id)])
    }));
}

function variableOffers(trans: TranslationBundle, agent: IAgent, names: readonly string[]): Offer[] {
  return names.slice(0, MOST_OF_EACH).map(name => ({
    key: `variable-${name}`,
    label: name,
    about: trans.__('variable'),
    insert: `@${name} `,
    attach: async () => {
      const told = await agent.notebook.variable(name);
      return told ? [told] : [];
    }
  }));
}

/** A file beside the notebook is only named: the agent has it in its working folder. */
function fileOffers(trans: TranslationBundle, paths: readonly string[]): Offer[] {
  return paths.slice(0, MOST_OF_EACH).map(path => ({
    key: `file-${path}`,
    label: PathExt.basename(path.replace(/\/$/, '')) + (path.endsWith('/') ? '/' : ''),
    about: path.endsWith('/') ? trans.__('folder') : path,
    insert: path.endsWith('/') ? `@${path}` : `@${path} `,
    more: path.endsWith('/')
  }));
}
