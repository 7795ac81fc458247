/** Turns in cell outputs: live from the server's events while they run, from the notebook afterwards. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import React from 'react';
import { AgentContext, useSurroundings } from '../components/surroundings';
import { Review } from '../components/review/turnReview';
import { Turn } from '../components/turn/turnCard';
import { readBundle } from '../turns/savedTurn';
import type { SavedTurn } from '../turns/savedTurn';
import type { Shared } from '../components/reactWidget';
import { IAgents, NAMESPACE, TURN_TYPE } from '../tokens';
import type { IAgent } from '../tokens';
import { IShared } from './sharedServices';

class TurnOutput extends ReactWidget implements IRenderMime.IRenderer {
  constructor(
    private readonly agents: IAgents,
    private readonly shared: Shared
  ) {
    super();
    this.addClass('jp-AgentHost-output');
    agents.currentChanged.connect(this.update, this);
  }

  renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this.saved = readBundle(model.data[TURN_TYPE]);
    this.update();
    return this.renderPromise ?? Promise.resolve();
  }

  protected override render(): JSX.Element {
    const { saved, shared } = this;
    if (saved === null) {
      return <div>{shared.trans.__('This turn was saved by a newer version and cannot be shown.')}</div>;
    }
    if (saved.isFinal) {
      const known = this.agents.byId(saved.notebookId);
      return shared.wrap(
        <>
          <Turn turn={saved.turn} agent={null} showPrompt={false} labels={saved.labels} />
          {known ? <SavedReview agent={known} turnId={saved.turn.turnId} /> : null}
        </>
      );
    }
    const agent = this.agents.byId(saved.notebookId);
    return shared.wrap(agent ? <LiveTurn agent={agent} saved={saved} /> : <Awaiting shared={shared} agents={this.agents} />);
  }

  private saved: SavedTurn | null = null;
}

/** What a finished turn changed can still be decided on below its output. */
function SavedReview(props: { agent: IAgent; turnId: string }): JSX.Element {
  // Asking for the turn lets the page hear its events, and with them how much it changed.
  props.agent.turn(props.turnId);
  return (
    <AgentContext.Provider value={props.agent}>
      <Review turnId={props.turnId} />
    </AgentContext.Provider>
  );
}

function LiveTurn(props: { agent: IAgent; saved: SavedTurn }): JSX.Element {
  const { trans } = useSurroundings();
  const { agent, saved } = props;
  return (
    <UseSignal signal={agent.changed} initialSender={agent}>
      {() => {
        const turn = agent.turn(saved.turn.turnId);
        return turn === null ? (
          <div className="jp-AgentHost-notice" data-level="info">
            {trans.__('This turn was saved before its end, and this server does not know how it went on.')}
          </div>
        ) : (
          <Turn turn={turn ?? saved.turn} agent={agent} showPrompt={false} />
        );
      }}
    </UseSignal>
  );
}

function Awaiting(props: { shared: Shared; agents: IAgents }): JSX.Element {
  return <div className="jp-AgentHost-waiting">{props.shared.trans.__('A turn of an agent that is not open here.')}</div>;
}

export const output: JupyterFrontEndPlugin<void> = {
  id: `${NAMESPACE}:output`,
  description: 'Renders turns in cell outputs.',
  autoStart: true,
  requires: [IRenderMimeRegistry, IAgents, IShared],
  activate: (_app: JupyterFrontEnd, rendermime: IRenderMimeRegistry, agents: IAgents, shared: Shared) => {
    rendermime.addFactory(
      { safe: true, mimeTypes: [TURN_TYPE], defaultRank: 10, createRenderer: () => new TurnOutput(agents, shared) },
      10
    );
  }
};
