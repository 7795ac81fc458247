/** Buttons that attach: the selected cells, the active cell's output, files. */
import React from 'react';
import { useSurroundings } from '../components/surroundings';
import type { INotebookSide } from '../tokens';
import type { Attachment } from '../server/wire';

export function AttachButtons(props: {
  notebook: INotebookSide;
  take: (found: Promise<Attachment[]>, missing: string) => void;
}): JSX.Element {
  const { trans } = useSurroundings();
  const { notebook, take } = props;
  const files = async (): Promise<Attachment[]> => {
    const paths = await notebook.pickFiles(trans.__('Attach files'));
    return Promise.all(paths.map(path => notebook.file(path)));
  };
  return (
    <span className="jp-AgentHost-attach" role="group" aria-label={trans.__('Attach')}>
      <button
        className="jp-AgentHost-textButton"
        title={trans.__('Attach the selected cells')}
        onClick={() => take(Promise.resolve(notebook.selected()), trans.__('The selected cells are empty.'))}
      >
        {trans.__('+ Cells')}
      </button>
      <button
        className="jp-AgentHost-textButton"
        title={trans.__('Attach the output of the active cell')}
        onClick={() => take(Promise.resolve(notebook.output()), trans.__('The active cell has no output.'))}
      >
        {trans.__('+ Output')}
      </button>
      <button className="jp-AgentHost-textButton" title={trans.__('Attach files')} onClick={() => take(files(), '')}>
        {trans.__('+ File')}
      </button>
    </span>
  );
}
