/** Saved state that is not ours: shown, and continued only when a person says so. */
import React, { useState } from 'react';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IAgent } from '../tokens';
import type { History, Trust, TrustChoice } from '../server/wire';
import { useSurroundings } from './surroundings';
import { Saved } from './conversation/savedTurnSummary';
import { Slots } from './conversation/lazySlot';

export function Foreign(props: { agent: IAgent; history: History }): JSX.Element {
  const { trans } = useSurroundings();
  const { agent, history } = props;
  const [scroller, setScroller] = useState<HTMLDivElement | null>(null);
  const words = wordsFor(trans, history.trust);
  const diverged = history.trust === 'diverged';
  return (
    <>
      <div className="jp-AgentHost-foreign" role="region" aria-label={trans.__('Saved conversation')}>
        <strong>{words.title}</strong>
        <p>{words.reason}</p>
        <div className="jp-AgentHost-row">
          {diverged ? (
            <>
              <Choice agent={agent} choice="journal" label={trans.__('Go on with the server’s')} accept />
              <Choice agent={agent} choice="notebook" label={trans.__('Go on with the notebook’s')} />
            </>
          ) : (
            <>
              {history.trust === 'corrupt' ? null : (
                <Choice agent={agent} choice="resume" label={trans.__('Resume as mine')} accept />
              )}
              <Choice agent={agent} choice="fresh" label={trans.__('Start fresh')} />
            </>
          )}
        </div>
      </div>
      <div
        ref={setScroller}
        className="jp-AgentHost-turns"
        role="region"
        tabIndex={0}
        aria-label={trans.__('Saved conversation, read only')}
      >
        <Slots root={scroller}>
          <Saved turns={history.turns} />
        </Slots>
      </div>
    </>
  );
}

function wordsFor(trans: TranslationBundle, trust: Trust): { title: string; reason: string } {
  const careful = trans.__(
    'A conversation is instructions to an agent, and somebody else’s could be made to mislead yours: read it first. ' +
      '“Resume as mine” lets your agent go on from it; “Start fresh” begins a new one and keeps this one aside.'
  );
  switch (trust) {
    case 'unsigned':
      return { title: trans.__('A saved conversation that nobody signed'), reason: careful };
    case 'diverged':
      return {
        title: trans.__('Two conversations went on from the same turn'),
        reason: trans.__(
          'This notebook’s file and this server both went on. Below is the notebook’s side. Choose which one goes on; ' +
            'the other is kept aside.'
        )
      };
    case 'corrupt':
      return {
        title: trans.__('The saved conversation is damaged'),
        reason: trans.__('It was altered or cut off, and cannot be gone on from. What can be read is shown below.')
      };
    default:
      return { title: trans.__('A saved conversation that is not yours'), reason: `${trans.__('Another server saved it.')} ${careful}` };
  }
}

function Choice(props: { agent: IAgent; choice: TrustChoice; label: string; accept?: boolean }): JSX.Element {
  return (
    <button
      className={`jp-Button jp-mod-styled ${props.accept ? 'jp-mod-accept' : 'jp-mod-reject'}`}
      onClick={() => void props.agent.trust(props.choice)}
    >
      {props.label}
    </button>
  );
}
