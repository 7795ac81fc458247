/** Keeps a person in their cell while others change the notebook around it. */
import type { NotebookPanel } from '@jupyterlab/notebook';

/** As much of the shared document as is needed: what it tells of each transaction, around the observers' calls. */
interface Transactions {
  on(name: 'beforeObserverCalls' | 'afterTransaction', callback: (transaction: { local: boolean }) => void): void;
  off(name: 'beforeObserverCalls' | 'afterTransaction', callback: (transaction: { local: boolean }) => void): void;
}

interface Place {
  cellId: string | undefined;
  typing: boolean;
}

/**
 * JupyterLab counts the active cell along, one inserted or removed cell after another, and on the way bounds it by the
 * number of cells there will be in the end: a cell that moves up takes a person in the last cell to the one before, and
 * if that is the cell that moved, their keys go nowhere. `ours` says whether this page changes the notebook for the agent
 * right now; what the person does is left alone.
 */
export function keepActiveCell(panel: NotebookPanel, ours: () => boolean): void {
  const { content } = panel;
  const { ydoc } = panel.context.model.sharedModel as unknown as { ydoc: Transactions };
  // A cell that moves is another one afterwards, and the old one cannot say its id any more.
  let active = content.activeCell?.model.id;
  let kept: Place | null = null;
  const follow = (): void => {
    active = content.activeCell?.model.id;
  };
  const before = (transaction: { local: boolean }): void => {
    const typing = content.mode === 'edit' && content.activeCell?.editor?.hasFocus() === true;
    kept = transaction.local && !ours() ? null : { cellId: active, typing };
  };
  const after = (): void => {
    if (kept !== null) {
      goBack(panel, kept);
    }
    kept = null;
  };
  content.activeCellChanged.connect(follow);
  ydoc.on('beforeObserverCalls', before);
  ydoc.on('afterTransaction', after);
  panel.disposed.connect(() => {
    ydoc.off('beforeObserverCalls', before);
    ydoc.off('afterTransaction', after);
  });
}

function goBack({ content }: NotebookPanel, place: Place): void {
  const index = content.widgets.findIndex(cell => cell.model.id === place.cellId);
  const cell = content.widgets[index];
  if (cell === undefined) {
    return;
  }
  if (content.activeCell !== cell) {
    content.activeCellIndex = index;
  }
  if (place.typing && cell.editor?.hasFocus() !== true) {
    void cell.ready.then(() => {
      if (!cell.isDisposed && content.activeCell === cell) {
        content.mode = 'edit';
        cell.editor?.focus();
      }
    });
  }
}
