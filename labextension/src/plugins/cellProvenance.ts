/** "Why is this cell here?": from a cell that the agent wrote or ran to the turn in the panel. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import type { Cell } from '@jupyterlab/cells';
import { agentIcon } from '../text/icons';
import { isBag } from '../server/readAnswer';
import type { Shared } from '../components/reactWidget';
import { IAgents, NAMESPACE } from '../tokens';
import { CommandIds } from '../text/commandIds';
import { IShared } from './sharedServices';

const METADATA_KEY = 'agent_host';

export const provenance: JupyterFrontEndPlugin<void> = {
  id: `${NAMESPACE}:provenance`,
  description: 'Finds the turn that a cell comes from.',
  autoStart: true,
  requires: [IAgents, IShared, INotebookTracker],
  activate: (app: JupyterFrontEnd, agents: IAgents, shared: Shared, tracker: INotebookTracker) => {
    const { trans } = shared;
    /** The cell under the menu: a right click leaves the active cell as it is. */
    const clicked = (): Cell | null => {
      const node = app.contextMenuHitTest(each => each.classList.contains('jp-Cell'));
      const cells = tracker.currentWidget?.content.widgets ?? [];
      return cells.find(cell => cell.node === node) ?? tracker.activeCell;
    };
    app.commands.addCommand(CommandIds.showTurn, {
      label: trans.__('Show the Agent’s Turn for This Cell'),
      caption: trans.__('Opens the agent panel at the turn that wrote, changed or ran this cell'),
      icon: agentIcon,
      isVisible: () => turnOf(clicked()) !== '',
      isEnabled: () => turnOf(clicked()) !== '' && agents.current !== null,
      execute: async () => {
        const turnId = turnOf(clicked());
        const agent = agents.current;
        if (turnId && agent) {
          await app.commands.execute(CommandIds.openPanel);
          if (!(await agent.reveal(turnId))) {
            Notification.info(trans.__('The turn that this cell comes from is not in this conversation.'));
          }
        }
      }
    });
    app.contextMenu.addItem({ command: CommandIds.showTurn, selector: '.jp-Notebook .jp-Cell', rank: 1.5 });
  }
};

/** The turn that the cell's metadata names, "" for none. A notebook may hold anything there. */
function turnOf(cell: Cell | null): string {
  const mark: unknown = cell?.model.getMetadata(METADATA_KEY);
  return isBag(mark) && typeof mark.turn_id === 'string' ? mark.turn_id : '';
}
