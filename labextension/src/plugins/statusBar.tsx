/** The active notebook's agent in the status bar: its state and cost. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import React from 'react';
import { CommandIds } from '../text/commandIds';
import type { Shared } from '../components/reactWidget';
import { IAgents, NAMESPACE } from '../tokens';
import { money, stateWord } from '../text/labels';
import { IShared } from './sharedServices';

class Status extends ReactWidget {
  constructor(
    private readonly agents: IAgents,
    private readonly shared: Shared,
    private readonly openPanel: () => void
  ) {
    super();
    agents.currentChanged.connect(this.update, this);
    shared.changed.connect(() => this.update());
  }

  protected override render(): JSX.Element | null {
    const agent = this.agents.current;
    const { trans, showStatus } = this.shared;
    if (agent === null || !showStatus) {
      return null;
    }
    return (
      <UseSignal signal={agent.changed} initialSender={agent}>
        {() =>
          agent.info === null ? null : (
            <button
              className="jp-AgentHost-status"
              data-asks={agent.pending > 0}
              title={trans.__('Show the agent panel; the cost is an estimate')}
              onClick={this.openPanel}
            >
              <span className="jp-AgentHost-state" data-state={agent.info.state}>
                <span className="jp-AgentHost-dot" aria-hidden="true" />
              </span>
              {agent.pending > 0
                ? trans.__('Agent: waits for you')
                : agent.info.costUsd > 0
                  ? trans.__('Agent: %1 · about %2', stateWord(trans, agent.info.state), money(agent.info.costUsd))
                  : trans.__('Agent: %1', stateWord(trans, agent.info.state))}
            </button>
          )
        }
      </UseSignal>
    );
  }
}

export const status: JupyterFrontEndPlugin<void> = {
  id: `${NAMESPACE}:status`,
  description: 'The agent in the status bar.',
  autoStart: true,
  requires: [IAgents, IShared],
  optional: [IStatusBar],
  activate: (app: JupyterFrontEnd, agents: IAgents, shared: Shared, bar: IStatusBar | null) => {
    const show = (): void => void app.commands.execute(CommandIds.openPanel);
    bar?.registerStatusItem(`${NAMESPACE}:status`, {
      item: new Status(agents, shared, show),
      align: 'right',
      rank: 100,
      isActive: () => true
    });
  }
};
