/** All agents of this server: a section among the running sessions, and a table in the main area. */
import { ILayoutRestorer } from '@jupyterlab/application';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { CommandToolbarButton, MainAreaWidget, ReactWidget, WidgetTracker } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { IRunningSessionManagers } from '@jupyterlab/running';
import type { IRunningSessions } from '@jupyterlab/running';
import type { IDisposable } from '@lumino/disposable';
import type { Message } from '@lumino/messaging';
import React from 'react';
import { AgentList } from '../session/agentList';
import { AgentTable, cpuWords } from '../components/agentTable';
import { showLogs } from '../components/common/logsDialog';
import { hasSandbox, memory } from '../text/numberFormat';
import { agentIcon } from '../text/icons';
import { AGENTS_ID, CommandIds } from '../text/commandIds';
import type { Shared } from '../components/reactWidget';
import { IAgents, NAMESPACE } from '../tokens';
import { money, stateWord } from '../text/labels';
import { IShared } from './sharedServices';

class AgentsWidget extends ReactWidget {
  constructor(
    private readonly list: AgentList,
    private readonly element: JSX.Element
  ) {
    super();
  }

  protected override render(): JSX.Element {
    return this.element;
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.watch();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (this.isVisible) {
      this.watch();
    }
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.unwatch();
  }

  protected override onBeforeDetach(message: Message): void {
    this.unwatch();
    super.onBeforeDetach(message);
  }

  private watch(): void {
    this.watching ??= this.list.watch();
  }

  private unwatch(): void {
    this.watching?.dispose();
    this.watching = null;
  }

  private watching: IDisposable | null = null;
}

function section(app: JupyterFrontEnd, list: AgentList, shared: Shared): IRunningSessions.IManager {
  const { trans } = shared;
  return {
    name: trans.__('Agents'),
    running: () =>
      list.rows
        .filter(row => hasSandbox(row.info))
        .map(row => ({
          icon: () => agentIcon,
          label: () => PathExt.basename(row.info.path),
          labelTitle: () =>
            [
              row.info.path,
              row.info.isolation,
              row.info.memBytes === null ? '' : memory(row.info.memBytes),
              trans.__('about %1 (estimate)', money(row.info.costUsd))
            ]
              .filter(word => word)
              .join('\n'),
          detail: () => [stateWord(trans, row.info.state), ...(row.cores === null ? [] : [cpuWords(row)])].join(' · '),
          open: () => void openNotebook(app, row.info.path),
          shutdown: () => void list.stop(row.info.notebookId)
        })),
    shutdownAll: () => {
      list.rows.filter(row => hasSandbox(row.info)).forEach(row => void list.stop(row.info.notebookId));
    },
    refreshRunning: () => void list.refresh(),
    runningChanged: list.changed,
    shutdownLabel: trans.__('Stop the sandbox'),
    shutdownAllLabel: trans.__('Stop All'),
    shutdownAllConfirmationText: trans.__(
      'Stop the sandboxes of all agents? Running turns are interrupted. The conversations are kept.'
    ),
    toolbarButtons: [
      new CommandToolbarButton({ commands: app.commands, id: CommandIds.showAgents, icon: agentIcon, label: '' })
    ]
  };
}

async function openNotebook(app: JupyterFrontEnd, path: string): Promise<void> {
  if (path) {
    await app.commands.execute('docmanager:open', { path });
    await app.commands.execute(CommandIds.openPanel);
  }
}

export const agentList: JupyterFrontEndPlugin<void> = {
  id: `${NAMESPACE}:agent-list`,
  description: 'Shows all agents of this server.',
  autoStart: true,
  requires: [IAgents, IShared],
  optional: [IRunningSessionManagers, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    agents: IAgents,
    shared: Shared,
    managers: IRunningSessionManagers | null,
    restorer: ILayoutRestorer | null
  ) => {
    const { trans } = shared;
    const list = new AgentList(agents.api);
    const tracker = new WidgetTracker<MainAreaWidget<AgentsWidget>>({ namespace: 'agent-host' });
    app.commands.addCommand(CommandIds.showAgents, {
      label: trans.__('All Agents of This Server'),
      caption: trans.__('Show all agents of this server'),
      icon: agentIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: async () => {
        let widget = tracker.currentWidget;
        if (widget === null || widget.isDisposed) {
          const table = (
            <AgentTable
              list={list}
              trans={trans}
              open={path => void openNotebook(app, path)}
              logs={info => void showLogs(agents.api, trans, info.notebookId, info.path)}
            />
          );
          widget = new MainAreaWidget({ content: new AgentsWidget(list, table) });
          widget.id = AGENTS_ID;
          widget.title.label = trans.__('Agents');
          widget.title.icon = agentIcon;
          widget.title.closable = true;
          await tracker.add(widget);
        }
        if (!widget.isAttached) {
          app.shell.add(widget, 'main');
        }
        app.shell.activateById(widget.id);
      }
    });
    managers?.add(section(app, list, shared));
    if (restorer) {
      void restorer.restore(tracker, { command: CommandIds.showAgents, name: () => AGENTS_ID });
    }
  }
};
