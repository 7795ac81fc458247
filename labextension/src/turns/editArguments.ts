/** What an edit changes, read from a tool's arguments. */

export interface Change {
  before: string;
  after: string;
}

/** Pairs of arguments that hold what goes and what comes. */
const PAIRS: readonly [string, string][] = [
  ['old_string', 'new_string'],
  ['old_source', 'new_source'],
  ['before', 'after']
];

type Bag = Record<string, unknown>;

/** The change that these arguments describe, and the arguments that are no part of it; null where they describe none. */
export function changeOf(tool: string, input: Bag): { changes: Change[]; rest: Bag } | null {
  for (const [gone, come] of PAIRS) {
    const before = input[gone];
    const after = input[come];
    if (typeof before === 'string' && typeof after === 'string') {
      return { changes: [{ before, after }], rest: without(input, gone, come) };
    }
  }
  if (tool === 'Write' && typeof input.content === 'string') {
    return { changes: [{ before: '', after: input.content }], rest: without(input, 'content') };
  }
  return null;
}

function without(input: Bag, ...names: string[]): Bag {
  return Object.fromEntries(Object.entries(input).filter(([name]) => !names.includes(name)));
}
