/** What all components need: words, the renderer of Markdown, and whose turn it is. */
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { createContext, useContext } from 'react';
import type { IAgent } from '../tokens';

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

/** Who can be asked to do something; null for a turn that is only shown. */
export const AgentContext = createContext<IAgent | null>(null);

export function useAgent(): IAgent | null {
  return useContext(AgentContext);
}
