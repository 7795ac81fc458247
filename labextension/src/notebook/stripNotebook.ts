/** Takes everything of ours out of an open notebook, as `jupyter agent-host strip` does with a file. */
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IOutput } from '@jupyterlab/nbformat';
import { TURN_TYPE } from '../tokens';

const METADATA_KEY = 'agent_host';

/** The plain text of outputs stays. What is not there is not touched, so that a clean notebook stays unchanged. */
export function stripNotebook(panel: NotebookPanel): void {
  const shared = panel.context.model.sharedModel;
  shared.transact(() => {
    if (shared.getMetadata(METADATA_KEY) !== undefined) {
      shared.deleteMetadata(METADATA_KEY);
    }
    for (const cell of shared.cells) {
      if (cell.getMetadata(METADATA_KEY) !== undefined) {
        cell.deleteMetadata(METADATA_KEY);
      }
      if ('getOutputs' in cell) {
        const outputs = cell.getOutputs();
        const stripped = outputs.map(stripOutput);
        if (stripped.some((output, index) => output !== outputs[index])) {
          cell.setOutputs(stripped);
        }
      }
    }
  }, false);
}

/** The output without its rich form; itself when it has none. */
export function stripOutput(output: IOutput): IOutput {
  const data = without(output.data, TURN_TYPE);
  const metadata = without(without(output.metadata, TURN_TYPE), METADATA_KEY);
  if (data === output.data && metadata === output.metadata) {
    return output;
  }
  return { ...output, data, metadata } as IOutput;
}

function without(bag: unknown, key: string): unknown {
  if (typeof bag !== 'object' || bag === null || !(key in bag)) {
    return bag;
  }
  return Object.fromEntries(Object.entries(bag).filter(([name]) => name !== key));
}
