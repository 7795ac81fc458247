/** Puts a notebook's saved session into its metadata when the server says that a new one is ready. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { JSONExt } from '@lumino/coreutils';
import { stripNotebook } from '../notebook/stripNotebook';
import { IAgents, NAMESPACE } from '../tokens';

export const ENVELOPE_EVENT = 'https://schema.jupyter.org/jupyter_agent_host/envelope/v1';
const METADATA_KEY = 'agent_host';

/** Set the notebook's envelope; the same value again changes nothing, so that no edit follows from an edit. */
async function publish(panel: NotebookPanel, agents: IAgents, notebookId: string): Promise<void> {
  const envelope = await agents.api.envelope(notebookId);
  const stripped = envelope === null && (await agents.api.call(notebookId, 'status')).stripped;
  const model = panel.isDisposed ? null : panel.context.model;
  // With real-time collaboration the server itself edits the shared document.
  if (model === null || model.collaborative) {
    return;
  }
  if (stripped) {
    stripNotebook(panel);
  }
  if (envelope === null) {
    return;
  }
  const before = model.sharedModel.getMetadata(METADATA_KEY);
  if (before === undefined || !JSONExt.deepEqual(before, envelope)) {
    model.sharedModel.setMetadata(METADATA_KEY, envelope);
  }
}

export const envelope: JupyterFrontEndPlugin<void> = {
  id: `${NAMESPACE}:envelope`,
  description: "Keeps the session in the open notebook's metadata.",
  autoStart: true,
  requires: [IAgents, INotebookTracker],
  activate: (app: JupyterFrontEnd, agents: IAgents, tracker: INotebookTracker) => {
    app.serviceManager.events.stream.connect((_, emission) => {
      const { notebook_id: notebookId, path } = emission as { notebook_id?: unknown; path?: unknown };
      if (emission.schema_id !== ENVELOPE_EVENT || typeof notebookId !== 'string') {
        return;
      }
      tracker.forEach(panel => {
        if (panel.context.localPath === path) {
          publish(panel, agents, notebookId).catch((error: unknown) =>
            console.error('agent: the session was not put into the notebook', error)
          );
        }
      });
    });
  }
};
