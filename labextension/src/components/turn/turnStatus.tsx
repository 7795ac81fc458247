/** How a turn stands: what it waits for, which files it changed, how it ended. */
import React from 'react';
import type { IAgent } from '../../tokens';
import type { TurnView } from '../../turns/turnView';
import { size } from '../../text/labels';
import { useSurroundings } from '../surroundings';
import { Live } from './liveAgent';

export function Waiting(props: { turn: TurnView; queued: boolean }): JSX.Element {
  const { trans } = useSurroundings();
  const starting = props.turn.parts.length === 0 && props.turn.sandbox?.state === 'starting';
  const word = props.queued
    ? trans.__('Queued: starts when the turn before it has ended')
    : starting
      ? trans.__('Starting the sandbox…')
      : trans.__('Working…');
  return (
    <div className="jp-AgentHost-waiting" data-queued={props.queued}>
      <span className="jp-AgentHost-dot" aria-hidden="true" />
      {word}
    </div>
  );
}

export function Files(props: { turn: TurnView }): JSX.Element | null {
  const { trans } = useSurroundings();
  const signs = { created: '+', modified: '~', deleted: '-' };
  if (props.turn.files.length === 0) {
    return null;
  }
  return (
    <div className="jp-AgentHost-files">
      <div className="jp-AgentHost-label">{trans.__('Files changed')}</div>
      <ul>
        {props.turn.files.map(file => (
          <li key={file.path} data-action={file.action}>
            <code>{`${signs[file.action] ?? '?'} ${file.path}`}</code>{' '}
            {file.action === 'deleted' || !file.size_bytes ? '' : size(file.size_bytes)}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Why a turn did not complete, and the way on. */
export function Ending(props: { turn: TurnView }): JSX.Element | null {
  const { trans } = useSurroundings();
  const { turn } = props;
  const ended = turn.ended;
  if (ended === null || ended.status === 'completed') {
    return null;
  }
  const words: Record<string, string> = {
    interrupted: trans.__('Interrupted. The session lives on: the next prompt continues it.'),
    max_turns: trans.__('Stopped at the limit of tool turns. Another prompt lets it go on.'),
    budget: trans.__('Stopped at the budget. Raise AgentHost.max_budget_usd to go on.'),
    detached: trans.__('This page saw no end of this turn.')
  };
  const text = ended.error || words[ended.status] || trans.__('The turn failed. Send the prompt again to retry.');
  const isLast = (agent: IAgent): boolean => agent.conversation.turns.at(-1)?.turnId === turn.turnId;
  const repeatable = ended.status === 'error' && turn.attachments.length === 0;
  return (
    <div className="jp-AgentHost-notice" data-level={ended.status === 'error' ? 'error' : 'warning'}>
      {text}{' '}
      {repeatable ? (
        <Live>
          {agent =>
            isLast(agent) ? (
              <button className="jp-AgentHost-textButton" onClick={() => void agent.prompt(turn.prompt)}>
                {trans.__('Ask again')}
              </button>
            ) : null
          }
        </Live>
      ) : null}
    </div>
  );
}
