/** Palette, launcher and the command for a new notebook. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { agentIcon } from '../text/icons';
import { CommandIds } from '../text/commandIds';
import type { Shared } from '../components/reactWidget';
import { NAMESPACE } from '../tokens';
import { IShared } from './sharedServices';

/** Needs an argument, so it is of no use in the palette. */
const NOT_IN_PALETTE: readonly string[] = [CommandIds.forkTurn];

export const commands: JupyterFrontEndPlugin<void> = {
  id: `${NAMESPACE}:commands`,
  description: 'Palette and launcher entries of the agent.',
  autoStart: true,
  requires: [IShared],
  optional: [ICommandPalette, ILauncher],
  activate: (app: JupyterFrontEnd, shared: Shared, palette: ICommandPalette | null, launcher: ILauncher | null) => {
    const { trans } = shared;
    const category = trans.__('Agent');
    app.commands.addCommand(CommandIds.newNotebook, {
      label: args => (args.isPalette ? trans.__('New Notebook with Agent') : trans.__('Notebook with Agent')),
      caption: trans.__('A new notebook, with the panel of its agent open'),
      icon: args => (args.isPalette ? undefined : agentIcon),
      describedBy: { args: { type: 'object', properties: { cwd: { type: 'string' }, kernelName: { type: 'string' } } } },
      execute: async args => {
        await app.commands.execute('notebook:create-new', {
          cwd: args.cwd ?? '',
          kernelName: args.kernelName ?? 'python3'
        });
        await app.commands.execute(CommandIds.openPanel);
      }
    });
    for (const command of Object.values(CommandIds)) {
      if (!NOT_IN_PALETTE.includes(command)) {
        palette?.addItem({ command, category, args: { isPalette: true } });
      }
    }
    // Cards of this category show a kernel's picture, not the command's icon.
    const kernelIconUrl = `data:image/svg+xml,${encodeURIComponent(agentIcon.svgstr)}`;
    launcher?.add({ command: CommandIds.newNotebook, category: trans.__('Notebook'), rank: 10, kernelIconUrl });
  }
};
