/** Knows the agents of the notebooks that are open. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { INotebookTracker } from '@jupyterlab/notebook';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { Agent } from '../session/notebookAgent';
import { AgentApi } from '../server/api';
import { NotebookSide } from '../notebook/openNotebook';
import { IAgents, NAMESPACE, TRANSLATION_DOMAIN } from '../tokens';
import type { IAgent, IAgentApi } from '../tokens';

class Agents implements IAgents {
  constructor(
    readonly api: IAgentApi,
    private readonly tracker: INotebookTracker,
    private readonly documents: IDocumentManager,
    private readonly trans: TranslationBundle
  ) {
    tracker.widgetAdded.connect((_, panel) => {
      void panel.context.ready.then(() => {
        if (!panel.isDisposed) {
          this.of(panel);
          this.currentChanged.emit();
        }
      });
    });
    tracker.currentChanged.connect(() => this.currentChanged.emit());
  }

  readonly currentChanged: Signal<IAgents, void> = new Signal<IAgents, void>(this);

  get current(): IAgent | null {
    const panel = this.tracker.currentWidget;
    return panel && !panel.isDisposed ? this.of(panel) : null;
  }

  of(panel: NotebookPanel): IAgent {
    const known = this.known.get(panel);
    if (known) {
      return known;
    }
    const agent = new Agent(this.api, panel.context.localPath, new NotebookSide(panel, this.documents, this.trans));
    this.known.set(panel, agent);
    panel.context.pathChanged.connect(() => agent.moved(panel.context.localPath));
    panel.disposed.connect(() => {
      this.known.delete(panel);
      agent.dispose();
      this.currentChanged.emit();
    });
    return agent;
  }

  byId(notebookId: string): IAgent | null {
    for (const agent of this.known.values()) {
      if (agent.info?.notebookId === notebookId) {
        return agent;
      }
    }
    return null;
  }

  private readonly known = new Map<NotebookPanel, Agent>();
}

export const agents: JupyterFrontEndPlugin<IAgents> = {
  id: `${NAMESPACE}:agents`,
  description: 'Provides the agents of the open notebooks.',
  autoStart: true,
  provides: IAgents,
  requires: [INotebookTracker, IDocumentManager],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    documents: IDocumentManager,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load(TRANSLATION_DOMAIN);
    return new Agents(new AgentApi(app.serviceManager.serverSettings), tracker, documents, trans);
  }
};
