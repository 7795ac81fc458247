/** What the panel's own components need besides words: actions, the page's commands, and which view is shown. */
import type { CommandRegistry } from '@lumino/commands';
import { createContext, useContext } from 'react';
import type { Actions } from '../session/sessionActions';
import type { IAgentApi } from '../tokens';

export type PanelView = 'conversation' | 'history' | 'reach';

export interface PanelContext {
  readonly actions: Actions;
  readonly api: IAgentApi;
  readonly commands: CommandRegistry;
  readonly view: PanelView;
  show(view: PanelView): void;
}

export const PanelReactContext = createContext<PanelContext | null>(null);

export function usePanelContext(): PanelContext {
  const value = useContext(PanelReactContext);
  if (value === null) {
    throw new Error('This component belongs into the agent panel.');
  }
  return value;
}
