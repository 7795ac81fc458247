/** The whole panel of one notebook's agent. */
import { UseSignal } from '@jupyterlab/ui-components';
import React from 'react';
import type { IAgent } from '../tokens';
import { Banner } from './banner';
import { Composer } from './composer';
import { useSurroundings } from './context';
import { ConversationView } from './conversation';
import { useDoing } from './doing';
import { Foreign } from './foreign';
import { Header } from './header';
import { HistoryView } from './history';
import { ReachView } from './reach';

export function AgentView(props: { agent: IAgent }): JSX.Element {
  return (
    <UseSignal signal={props.agent.changed} initialSender={props.agent}>
      {() => <AgentBody agent={props.agent} />}
    </UseSignal>
  );
}

function AgentBody(props: { agent: IAgent }): JSX.Element {
  const { trans } = useSurroundings();
  const { view } = useDoing();
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
          {view === 'history' ? <HistoryView agent={agent} /> : null}
          {view === 'reach' ? <ReachView agent={agent} /> : null}
          {/* Kept while something else is shown: where a person read, and what they were writing. */}
          <div className="jp-AgentHost-main" hidden={view !== 'conversation'}>
            <ConversationView agent={agent} />
            <Composer agent={agent} />
          </div>
        </>
      )}
    </div>
  );
}
