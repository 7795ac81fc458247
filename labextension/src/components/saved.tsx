/** Turns of which only prompt and answer were saved. */
import React from 'react';
import type { TurnSummary } from '../wire';
import { Markdown } from './markdown';

export function Saved(props: { turns: readonly TurnSummary[] }): JSX.Element {
  return (
    <>
      {props.turns.map(turn => (
        <article className="jp-AgentHost-turn" key={turn.turnId} data-status={turn.status}>
          <div className="jp-AgentHost-prompt">{turn.prompt}</div>
          <Markdown text={turn.text} open={false} />
        </article>
      ))}
    </>
  );
}
