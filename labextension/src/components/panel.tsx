/** The whole panel of one notebook's agent. */
import { UseSignal } from '@jupyterlab/ui-components';
import React from 'react';
import type { IAgent } from '../tokens';
import type { History } from '../wire';
import { Composer } from './composer';
import { useSurroundings } from './context';
import { ConversationView } from './conversation';
import { Header } from './header';
import { Saved } from './saved';

export function AgentView(props: { agent: IAgent }): JSX.Element {
  return (
    <UseSignal signal={props.agent.changed} initialSender={props.agent}>
      {() => <AgentBody agent={props.agent} />}
    </UseSignal>
  );
}

function AgentBody(props: { agent: IAgent }): JSX.Element {
  const { trans } = useSurroundings();
  const { agent } = props;
  const foreign = agent.isForeign ? agent.history : null;
  return (
    <div className="jp-AgentHost-body">
      <Header agent={agent} />
      <Banner agent={agent} />
      {agent.info === null ? (
        <div className="jp-AgentHost-empty">{agent.error ? '' : trans.__('Asking the server…')}</div>
      ) : foreign ? (
        <Foreign agent={agent} history={foreign} />
      ) : (
        <>
          <ConversationView agent={agent} />
          <Composer agent={agent} />
        </>
      )}
    </div>
  );
}

function Banner(props: { agent: IAgent }): JSX.Element | null {
  const { trans } = useSurroundings();
  const { agent } = props;
  const text = agent.error || agent.message;
  if (!text) {
    return null;
  }
  return (
    <div className="jp-AgentHost-notice" data-level={agent.error ? 'error' : 'info'} role={agent.error ? 'alert' : 'status'}>
      {text}{' '}
      {agent.error ? (
        <button className="jp-AgentHost-textButton" onClick={() => void agent.refresh()}>
          {trans.__('Try again')}
        </button>
      ) : null}
      <button className="jp-AgentHost-textButton" onClick={() => agent.dismiss()}>
        {trans.__('Dismiss')}
      </button>
    </div>
  );
}

/** Saved state that is not ours: shown, and continued only when a person says so. */
function Foreign(props: { agent: IAgent; history: History }): JSX.Element {
  const { trans } = useSurroundings();
  const { agent, history } = props;
  const reason = agent.info?.trustReason || trans.__('The conversation saved in this notebook was not signed by this server.');
  const diverged = history.trust === 'diverged';
  return (
    <>
      <div className="jp-AgentHost-foreign" role="region" aria-label={trans.__('Saved conversation')}>
        <strong>{trans.__('A saved conversation that is not yours')}</strong>
        <p>{reason}</p>
        <div className="jp-AgentHost-row">
          {diverged ? (
            <>
              <TrustButton agent={agent} choice="journal" label={trans.__('Go on with the server’s')} accept />
              <TrustButton agent={agent} choice="notebook" label={trans.__('Go on with the notebook’s')} />
            </>
          ) : history.trust === 'corrupt' ? null : (
            <TrustButton agent={agent} choice="resume" label={trans.__('Resume as mine')} accept />
          )}
          {diverged ? null : <TrustButton agent={agent} choice="fresh" label={trans.__('Start fresh')} />}
        </div>
      </div>
      <div className="jp-AgentHost-turns" role="log" tabIndex={0} aria-label={trans.__('Saved conversation, read only')}>
        <Saved turns={history.turns} />
      </div>
    </>
  );
}

function TrustButton(props: {
  agent: IAgent;
  choice: 'resume' | 'fresh' | 'journal' | 'notebook';
  label: string;
  accept?: boolean;
}): JSX.Element {
  return (
    <button
      className={`jp-Button jp-mod-styled ${props.accept ? 'jp-mod-accept' : 'jp-mod-reject'}`}
      onClick={() => void props.agent.trust(props.choice)}
    >
      {props.label}
    </button>
  );
}
