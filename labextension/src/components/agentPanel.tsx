/** The whole panel of one notebook's agent. */
import { UseSignal } from '@jupyterlab/ui-components';
import React from 'react';
import type { IAgent } from '../tokens';
import { Banner } from './failureBanner';
import { Composer } from '../composer/composer';
import { useSurroundings } from './surroundings';
import { ConversationView } from './conversation/conversationView';
import { usePanelContext } from './panelContext';
import { Foreign } from './untrustedSession';
import { Header } from './header/header';
import { HistoryView } from './sessionHistory';
import { NetworkAccessView } from './networkAccess';

export function AgentView(props: { agent: IAgent }): JSX.Element {
  return (
    <UseSignal signal={props.agent.changed} initialSender={props.agent}>
      {() => <AgentBody agent={props.agent} />}
    </UseSignal>
  );
}

function AgentBody(props: { agent: IAgent }): JSX.Element {
  const { trans } = useSurroundings();
  const { view } = usePanelContext();
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
          {view === 'reach' ? <NetworkAccessView agent={agent} /> : null}
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
