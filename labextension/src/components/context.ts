/** What all components need: words, and the renderer of Markdown. */
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { createContext, useContext } from 'react';

export interface Surroundings {
  readonly trans: TranslationBundle;
  readonly rendermime: IRenderMimeRegistry;
  /** Enter sends (true), or Shift+Enter does. */
  readonly enterSends: boolean;
}

export const SurroundingsContext = createContext<Surroundings | null>(null);

export function useSurroundings(): Surroundings {
  const value = useContext(SurroundingsContext);
  if (value === null) {
    throw new Error('Components of the agent panel need their surroundings.');
  }
  return value;
}
