/** What depends on the agent as it is now, inside of a turn that is drawn again only when the turn itself changes. */
import { UseSignal } from '@jupyterlab/ui-components';
import React from 'react';
import type { IAgent } from '../../tokens';
import { useAgent } from '../surroundings';

export function Live(props: { children: (agent: IAgent) => JSX.Element | null }): JSX.Element | null {
  const agent = useAgent();
  if (agent === null) {
    return null;
  }
  return (
    <UseSignal signal={agent.changed} initialSender={agent}>
      {() => props.children(agent)}
    </UseSignal>
  );
}
