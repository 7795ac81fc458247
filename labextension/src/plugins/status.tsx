/** The active notebook's agent in the status bar: its state and cost. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import React from 'react';
import type { Shared } from '../surface';
import { IAgents, NAMESPACE } from '../tokens';
import { money, stateWord } from '../words';
import { OPEN_PANEL } from './commands';
import { IShared } from './shared';

class Status extends ReactWidget {
  constructor(
    private readonly agents: IAgents,
    private readonly shared: Shared,
    private readonly openPanel: () => void
  ) {
    super();
    agents.currentChanged.connect(this.update, this);
  }

  protected override render(): JSX.Element | null {
    const agent = this.agents.current;
    const { trans } = this.shared;
    if (agent === null) {
      return null;
    }
    return (
      <UseSignal signal={agent.changed} initialSender={agent}>
        {() =>
          agent.info === null ? null : (
            <button className="jp-AgentHost-status" title={trans.__('Show the agent panel')} onClick={this.openPanel}>
              {agent.pending > 0
                ? trans.__('Agent: waits for you')
                : trans.__('Agent: %1 · about %2', stateWord(trans, agent.info.state), money(agent.info.costUsd))}
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
    const show = (): void => void app.commands.execute(OPEN_PANEL);
    bar?.registerStatusItem(`${NAMESPACE}:status`, {
      item: new Status(agents, shared, show),
      align: 'right',
      rank: 100,
      isActive: () => true
    });
  }
};
