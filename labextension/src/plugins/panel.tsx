/** The panel at the right: the active notebook's agent. */
import { ILayoutRestorer } from '@jupyterlab/application';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { Message } from '@lumino/messaging';
import React from 'react';
import { Actions } from '../session/sessionActions';
import { PanelReactContext } from '../components/panelContext';
import type { PanelView } from '../components/panelContext';
import { AgentView } from '../components/agentPanel';
import { agentIcon } from '../text/icons';
import { CommandIds, PANEL_ID } from '../text/commandIds';
import type { Shared } from '../components/reactWidget';
import { IAgents, NAMESPACE } from '../tokens';
import type { IAgent } from '../tokens';
import { addSessionCommands } from './sessionCommands';
import { IShared } from './sharedServices';

class AgentPanel extends ReactWidget {
  constructor(
    private readonly agents: IAgents,
    private readonly shared: Shared,
    private readonly actions: Actions,
    private readonly commands: CommandRegistry
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

  showView(view: PanelView): void {
    if (view !== this.view) {
      this.view = view;
      this.update();
    }
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.hush();
  }

  protected override render(): JSX.Element {
    const { agent, actions, commands, view, shared } = this;
    if (agent === null) {
      return <div className="jp-AgentHost-empty">{shared.trans.__('Open a notebook to talk to its agent.')}</div>;
    }
    const doing = { actions, api: this.agents.api, commands, view, show: (next: PanelView) => this.showView(next) };
    return shared.wrap(
      <PanelReactContext.Provider value={doing}>
        <AgentView key={keyFor(agent)} agent={agent} />
      </PanelReactContext.Provider>
    );
  }

  private follow(): void {
    const next = this.agents.current;
    if (next !== this.agent) {
      this.agent?.changed.disconnect(this.count, this);
      this.agent = next;
      this.view = 'conversation';
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
      this.hush();
      this.notice = Notification.warning(trans.__('The agent of this notebook waits for your answer.'), {
        autoClose: 8000,
        actions: [{ label: trans.__('Show'), callback: () => void this.commands.execute(CommandIds.openPanel) }]
      });
    } else if (pending === 0) {
      this.hush();
    }
    this.told = pending;
    if (this.agent !== null) {
      Object.values(CommandIds).forEach(id => this.commands.hasCommand(id) && this.commands.notifyCommandChanged(id));
    }
  }

  /** What was told is seen, or answered elsewhere. */
  private hush(): void {
    if (this.notice) {
      Notification.dismiss(this.notice);
      this.notice = '';
    }
  }

  private notice = '';
  private agent: IAgent | null = null;
  private view: PanelView = 'conversation';
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
  description: 'The agent panel, and the commands that are about its notebook.',
  autoStart: true,
  requires: [IAgents, IShared, INotebookTracker],
  optional: [ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    agents: IAgents,
    shared: Shared,
    tracker: INotebookTracker,
    restorer: ILayoutRestorer | null
  ) => {
    const actions = new Actions(agents, tracker, shared.trans);
    const widget = new AgentPanel(agents, shared, actions, app.commands);
    const open = (view: PanelView): void => {
      app.shell.activateById(PANEL_ID);
      widget.showView(view);
    };
    addSessionCommands(app.commands, agents, actions, shared.trans, open);
    app.shell.add(widget, 'right', { rank: 400, type: 'Agent' });
    restorer?.add(widget, PANEL_ID);
  }
};
