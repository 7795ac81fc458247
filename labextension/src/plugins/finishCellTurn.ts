/**
 * Ends a turn in its own cell where the page that ran the cell is gone: the kernel's last words reached nobody then, and
 * the cell would say "working" for ever.
 */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { CodeCell } from '@jupyterlab/cells';
import type { IOutput } from '@jupyterlab/nbformat';
import { INotebookTracker } from '@jupyterlab/notebook';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { readBundle } from '../turns/savedTurn';
import { isBag } from '../server/readAnswer';
import { IAgents, NAMESPACE, TURN_TYPE } from '../tokens';
import type { IAgent, MimeBundle } from '../tokens';

/** The kernel writes its end at the same moment; only where it does not, the page does. */
const GRACE_MS = 3000;

class Completer {
  constructor(
    private readonly agents: IAgents,
    private readonly panel: NotebookPanel,
    private readonly agent: IAgent
  ) {
    for (const cell of panel.content.widgets) {
      const turnId = cell.model.type === 'code' ? openTurn((cell as CodeCell).model.outputs.toJSON()) : '';
      if (turnId) {
        this.open.set(turnId, cell.model.id);
      }
    }
    agent.changed.connect(this.look, this);
    panel.disposed.connect(() => agent.changed.disconnect(this.look, this));
    this.look();
  }

  private look(): void {
    const { agent } = this;
    for (const turn of agent.conversation.turns) {
      if (turn.ended === null && turn.origin === 'cell' && turn.cellId) {
        this.open.set(turn.turnId, turn.cellId);
      }
    }
    for (const [turnId, cellId] of this.open) {
      if (agent.turn(turnId)?.ended) {
        this.open.delete(turnId);
        setTimeout(() => {
          this.complete(turnId, cellId).catch((error: unknown) =>
            console.error('agent: a turn was not completed in its cell', error)
          );
        }, GRACE_MS);
      }
    }
  }

  private async complete(turnId: string, cellId: string): Promise<void> {
    const notebookId = this.agent.info?.notebookId;
    if (notebookId === undefined || this.panel.isDisposed || !this.isTheOne()) {
      return;
    }
    const place = this.placeOf(turnId, cellId);
    const bundle = place === null ? null : await this.agents.api.turnOutput(notebookId, turnId);
    const again = this.panel.isDisposed ? null : this.placeOf(turnId, cellId);
    if (bundle && again) {
      put(again.cell, again.index, bundle);
    }
  }

  /** The cell, and which of its outputs is the open one (-1: it has none); null where nothing is to be done. */
  private placeOf(turnId: string, cellId: string): { cell: CodeCell; index: number } | null {
    const cell = this.panel.content.widgets.find(each => each.model.id === cellId);
    if (cell?.model.type !== 'code') {
      return null;
    }
    const code = cell as CodeCell;
    const outputs = code.model.outputs.toJSON();
    const index = outputs.findIndex(output => openTurn([output]) === turnId);
    if (index >= 0) {
      return { cell: code, index };
    }
    return outputs.length === 0 && code.model.executionState !== 'running' ? { cell: code, index: -1 } : null;
  }

  /** Under collaboration many pages have this document; one of them writes. */
  private isTheOne(): boolean {
    const awareness = this.panel.content.model?.sharedModel.awareness;
    const others = awareness ? Array.from(awareness.getStates().keys()) : [];
    return !awareness || others.every(id => id >= awareness.clientID);
  }

  /** Turns that a cell shows as running, or that run for one, by turn: the cell's id. */
  private readonly open = new Map<string, string>();
}

/** The turn that these outputs show as still running; "" for none. */
function openTurn(outputs: readonly IOutput[]): string {
  for (const output of outputs) {
    const data = isBag(output.data) ? output.data[TURN_TYPE] : undefined;
    const saved = data === undefined ? null : readBundle(data);
    if (saved && !saved.isFinal) {
      return saved.turn.turnId;
    }
  }
  return '';
}

function put(cell: CodeCell, index: number, bundle: MimeBundle): void {
  const output = { output_type: 'display_data', data: bundle, metadata: {} } as unknown as IOutput;
  const shared = cell.model.sharedModel;
  const from = index < 0 ? shared.getOutputs().length : index;
  shared.updateOutputs(from, index < 0 ? from : from + 1, [output]);
}

export const complete: JupyterFrontEndPlugin<void> = {
  id: `${NAMESPACE}:complete`,
  description: 'Ends turns in their cells when the page that ran them is gone.',
  autoStart: true,
  requires: [IAgents, INotebookTracker],
  activate: (_app: JupyterFrontEnd, agents: IAgents, tracker: INotebookTracker) => {
    tracker.widgetAdded.connect((_, panel) => {
      void panel.context.ready.then(() => {
        if (!panel.isDisposed) {
          new Completer(agents, panel, agents.of(panel));
        }
      });
    });
  }
};
