/** Turns of which only prompt and answer were saved; inside of `Slots`. */
import React from 'react';
import type { TurnSummary } from '../../server/wire';
import { Markdown } from '../common/markdown';
import { Slot } from './lazySlot';

export function Saved(props: { turns: readonly TurnSummary[] }): JSX.Element {
  return (
    <>
      {props.turns.map(turn => (
        <Slot key={turn.turnId} keep={false} name={turn.turnId}>
          <article className="jp-AgentHost-turn" data-status={turn.status}>
            <div className="jp-AgentHost-prompt">{turn.prompt}</div>
            <Markdown text={turn.text} open={false} />
          </article>
        </Slot>
      ))}
    </>
  );
}
