/** The panel at the right: the active notebook's agent. */
import { ILayoutRestorer } from '@jupyterlab/application';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { ReactWidget } from '@jupyterlab/ui-components';
import React from 'react';
import { AgentView } from '../components/panel';
import { agentIcon } from '../icon';
import type { Shared } from '../surface';
import { IAgents, NAMESPACE } from '../tokens';
import type { IAgent } from '../tokens';
import { IShared } from './shared';

export const PANEL_ID = 'jp-agent-host-panel';

class AgentPanel extends ReactWidget {
  constructor(
    private readonly agents: IAgents,
    private readonly shared: Shared
  ) {
    super();
    this.id = PANEL_ID;
    this.addClass('jp-AgentHost-panel');
    this.title.icon = agentIcon;
    this.title.caption = shared.trans.__('Agent');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', shared.trans.__('Agent of the active notebook'));
    agents.currentChanged.connect(this.follow, this);
    shared.changed.connect(() => this.update());
    this.follow();
  }

  protected override render(): JSX.Element {
    if (this.agent === null) {
      return <div className="jp-AgentHost-empty">{this.shared.trans.__('Open a notebook to talk to its agent.')}</div>;
    }
    return this.shared.wrap(<AgentView key={keyFor(this.agent)} agent={this.agent} />);
  }

  private follow(): void {
    const next = this.agents.current;
    if (next !== this.agent) {
      this.agent?.changed.disconnect(this.count, this);
      this.agent = next;
      next?.changed.connect(this.count, this);
      this.update();
    }
    this.count();
  }

  /** A badge on the tab, and a word when the panel is hidden. */
  private count(): void {
    const { trans, notify } = this.shared;
    const pending = this.agent?.pending ?? 0;
    this.title.className = pending > 0 ? 'jp-AgentHost-asks' : '';
    this.title.caption = pending > 0 ? trans.__('Agent: waits for your answer') : trans.__('Agent');
    if (pending > this.told && !this.isVisible && notify) {
      Notification.warning(trans.__('The agent of this notebook waits for your answer.'), { autoClose: 8000 });
    }
    this.told = pending;
  }

  private agent: IAgent | null = null;
  private told = 0;
}

/** Each agent has components of its own, so that a half-written prompt never moves to another notebook. */
const keys = new WeakMap<IAgent, string>();
let lastKey = 0;

function keyFor(agent: IAgent): string {
  let key = keys.get(agent);
  if (key === undefined) {
    key = `agent-${++lastKey}`;
    keys.set(agent, key);
  }
  return key;
}

export const panel: JupyterFrontEndPlugin<void> = {
  id: `${NAMESPACE}:panel`,
  description: 'The agent panel.',
  autoStart: true,
  requires: [IAgents, IShared],
  optional: [ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    agents: IAgents,
    shared: Shared,
    restorer: ILayoutRestorer | null
  ) => {
    const widget = new AgentPanel(agents, shared);
    app.shell.add(widget, 'right', { rank: 400, type: 'Agent' });
    restorer?.add(widget, PANEL_ID);
  }
};
