/** What subagents did, below the calls that began them. */
import type { Part, ToolPart } from './turnView';

/** The calls that each subagent made, by the call that began it. */
export type Children = ReadonlyMap<string, readonly ToolPart[]>;

/** Calls below the call that they belong to. A call that names itself or a stranger stands on its own. */
export function nestedIn(parts: readonly Part[]): Children {
  const before = new Set<string>();
  const nested = new Map<string, ToolPart[]>();
  for (const part of parts) {
    if (part.type === 'tool') {
      // A parent came before its child, so no circle can be made.
      if (part.parent && before.has(part.parent)) {
        nested.set(part.parent, [...(nested.get(part.parent) ?? []), part]);
      }
      before.add(part.id);
    }
  }
  return nested;
}
