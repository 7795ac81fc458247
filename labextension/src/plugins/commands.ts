/** Palette, menu and launcher entries. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { agentIcon } from '../icon';
import type { Shared } from '../surface';
import { IAgents, NAMESPACE } from '../tokens';
import type { IAgent } from '../tokens';
import { PANEL_ID } from './panel';
import { IShared } from './shared';

export const OPEN_PANEL = 'agent-host:open-panel';
const NEW_NOTEBOOK = 'agent-host:new-notebook';

export const commands: JupyterFrontEndPlugin<void> = {
  id: `${NAMESPACE}:commands`,
  description: 'Commands of the agent.',
  autoStart: true,
  requires: [IAgents, IShared],
  optional: [ICommandPalette, ILauncher],
  activate: (
    app: JupyterFrontEnd,
    agents: IAgents,
    shared: Shared,
    palette: ICommandPalette | null,
    launcher: ILauncher | null
  ) => {
    const { trans } = shared;
    const category = trans.__('Agent');
    const acts: [id: string, label: string, enabled: (agent: IAgent) => boolean, act: (agent: IAgent) => Promise<void>][] = [
      ['agent-host:interrupt', trans.__('Interrupt the Agent'), agent => agent.busy, agent => agent.interrupt()],
      ['agent-host:new-session', trans.__('New Agent Session'), () => true, agent => agent.verb('reset')],
      ['agent-host:fork-session', trans.__('Fork the Agent Session'), () => true, agent => agent.verb('fork')],
      ['agent-host:stop', trans.__('Stop the Agent’s Sandbox'), () => true, agent => agent.verb('stop')]
    ];
    app.commands.addCommand(OPEN_PANEL, {
      label: trans.__('Show the Agent Panel'),
      icon: agentIcon,
      execute: () => {
        app.shell.activateById(PANEL_ID);
        document.querySelector<HTMLElement>(`#${PANEL_ID} textarea`)?.focus();
      }
    });
    palette?.addItem({ command: OPEN_PANEL, category });
    for (const [id, label, enabled, act] of acts) {
      app.commands.addCommand(id, {
        label,
        isEnabled: () => agents.current !== null && enabled(agents.current),
        execute: async () => {
          if (agents.current) {
            await act(agents.current);
          }
        }
      });
      palette?.addItem({ command: id, category });
    }
    app.commands.addCommand(NEW_NOTEBOOK, {
      label: trans.__('Notebook with Agent'),
      caption: trans.__('A new notebook, with the panel of its agent open'),
      icon: agentIcon,
      execute: async args => {
        await app.commands.execute('notebook:create-new', { cwd: args.cwd ?? '', kernelName: 'python3' });
        await app.commands.execute(OPEN_PANEL);
      }
    });
    launcher?.add({ command: NEW_NOTEBOOK, category: trans.__('Notebook'), rank: 10 });
  }
};
