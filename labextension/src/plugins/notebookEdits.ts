/** Lets the notebook's agent see and edit the notebooks that are open in this page. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { NotebookEdits, Refusal } from '../notebook/notebookEdits';
import { PageLine } from '../server/pageConnection';
import type { PageRequest } from '../server/pageConnection';
import { keepActiveCell } from '../notebook/keepActiveCell';
import { NAMESPACE } from '../tokens';

const TELL_MILLISECONDS = 150;

interface Open {
  edits: NotebookEdits;
  used: number;
}

class OpenNotebooks {
  private readonly open = new Map<NotebookPanel, Open>();

  private timer: number | undefined;

  constructor(private readonly changed: () => void) {}

  async add(panel: NotebookPanel): Promise<void> {
    await panel.context.ready;
    if (panel.isDisposed) {
      return;
    }
    const open = { edits: new NotebookEdits(panel), used: Date.now() };
    this.open.set(panel, open);
    keepActiveCell(panel, () => open.edits.ours);
    panel.disposed.connect(() => {
      this.open.delete(panel);
      this.changed();
    });
    panel.context.pathChanged.connect(this.changed);
    panel.context.model.contentChanged.connect(this.tellSoon, this);
    panel.context.saveState.connect(this.tellSoon, this);
    panel.node.addEventListener('focusin', () => {
      open.used = Date.now();
      this.changed();
    });
    this.changed();
  }

  private tellSoon(): void {
    this.timer ??= window.setTimeout(() => {
      this.timer = undefined;
      this.changed();
    }, TELL_MILLISECONDS);
  }

  /** One entry a notebook, however many views it has. */
  entries(): { path: string; dirty: boolean; collaborative: boolean; used: number }[] {
    const found = new Map<string, { path: string; dirty: boolean; collaborative: boolean; used: number }>();
    for (const [panel, open] of this.open) {
      const path = panel.context.localPath;
      const used = Math.max(open.used, found.get(path)?.used ?? 0);
      const collaborative = panel.context.model.collaborative ?? false;
      found.set(path, { path, dirty: open.edits.edited, collaborative, used });
    }
    return [...found.values()];
  }

  at(path: string): NotebookEdits | null {
    for (const [panel, open] of this.open) {
      if (panel.context.localPath === path) {
        return open.edits;
      }
    }
    return null;
  }
}

export const edits: JupyterFrontEndPlugin<void> = {
  id: `${NAMESPACE}:edits`,
  description: 'Lets the agent of a notebook see and edit it while it is open.',
  autoStart: true,
  requires: [INotebookTracker],
  activate: (app: JupyterFrontEnd, tracker: INotebookTracker) => {
    let line: PageLine | null = null;
    const notebooks = new OpenNotebooks(() => line?.tell());
    line = new PageLine(app.serviceManager.serverSettings, {
      notebooks: () => notebooks.entries(),
      answer: (request: PageRequest) => {
        const found = notebooks.at(request.path);
        if (found === null) {
          throw new Refusal('notebook_unavailable', '', 'The notebook was closed.');
        }
        return request.op === 'read'
          ? found.read(request.outputs_of)
          : found.edit(request.edit_id, request.edits, request.for_person);
      },
      present: path => notebooks.at(path)?.read() ?? null
    });
    const add = (panel: NotebookPanel): void => {
      notebooks.add(panel).catch((error: unknown) => console.error('agent: a notebook cannot be edited', error));
    };
    tracker.forEach(add);
    tracker.widgetAdded.connect((_, panel) => add(panel));
    window.addEventListener('pagehide', () => line?.dispose());
  }
};
