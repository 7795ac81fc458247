/** What goes along with the next prompt, and what could not be taken along, in a sentence. */
import { useCallback, useState } from 'react';
import { MAX_ATTACHMENTS, refusal } from '../notebook/attachments';
import { useSurroundings } from '../components/surroundings';
import type { Attachment } from '../server/wire';

export interface Attached {
  readonly list: readonly Attachment[];
  /** Why something is not here; "" when all is well. */
  readonly said: string;
  /** Add what is found; `missing` is said where that is nothing. */
  take(found: Promise<Attachment[]>, missing?: string): void;
  remove(index: number): void;
  clear(): void;
  /** Put back what could not be sent, unless other things were attached since. */
  giveBack(list: readonly Attachment[]): void;
  say(sentence: string): void;
}

/** `taken` is called when something was added, or said. */
export function useAttached(taken: () => void): Attached {
  const { trans } = useSurroundings();
  const [list, put] = useState<readonly Attachment[]>([]);
  const [said, say] = useState('');
  const take = useCallback(
    (found: Promise<Attachment[]>, missing = ''): void => {
      found
        .then(added => {
          const refused = added.map(each => refusal(trans, each)).filter(sentence => sentence);
          const kept = added.filter(each => !refusal(trans, each));
          put(before => [...before, ...kept].slice(0, MAX_ATTACHMENTS));
          say(added.length === 0 ? missing : refused.join(' '));
          taken();
        })
        .catch((error: unknown) => say(error instanceof Error ? error.message : String(error)));
    },
    [trans, taken]
  );
  return {
    list,
    said,
    take,
    say,
    remove: index => put(list.filter((_, place) => place !== index)),
    clear: () => put([]),
    giveBack: lost => put(now => (now.length > 0 ? now : lost))
  };
}
