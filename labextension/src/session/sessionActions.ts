/** What a person can do with a notebook's session, with the questions that this needs. */
import { Dialog, InputDialog, showDialog } from '@jupyterlab/apputils';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { showLogs } from '../components/common/logsDialog';
import { stripNotebook } from '../notebook/stripNotebook';
import type { ExportFormat, IAgent, IAgents } from '../tokens';

export class Actions {
  constructor(
    private readonly agents: IAgents,
    private readonly tracker: INotebookTracker,
    private readonly trans: TranslationBundle
  ) {}

  /** A new session; the old one stays in the history. */
  async newSession(agent: IAgent): Promise<void> {
    const { trans } = this;
    const body = trans.__('The running turn is interrupted. What was said so far stays in the history.');
    if (!agent.busy || (await this.confirm(trans.__('Start a new session?'), body, trans.__('Start anew')))) {
      await agent.verb('reset');
    }
  }

  /** A new session in a new sandbox. */
  async reset(agent: IAgent): Promise<void> {
    const { trans } = this;
    const body = trans.__(
      'The sandbox ends, with its processes, installed packages and files outside of the workspace, and the next ' +
        'prompt begins a conversation that knows nothing of this one. What was said so far stays in the history.'
    );
    if (await this.confirm(trans.__('Reset the agent?'), body, trans.__('Reset'))) {
      await agent.verb('stop');
      await agent.verb('reset');
    }
  }

  fork(agent: IAgent, turnId = ''): Promise<void> {
    return agent.carry('fork', { turnId });
  }

  resume(agent: IAgent, sessionId: string): Promise<void> {
    return agent.carry('resume', { sessionId });
  }

  async rename(agent: IAgent, sessionId = '', title = agent.info?.title ?? ''): Promise<void> {
    const { trans } = this;
    const answer = await InputDialog.getText({
      title: trans.__('Rename the session'),
      label: trans.__('Title; empty: none'),
      text: title,
      okLabel: trans.__('Rename')
    });
    if (answer.button.accept) {
      await this.title(agent, answer.value ?? '', sessionId);
    }
  }

  title(agent: IAgent, title: string, sessionId = ''): Promise<void> {
    return agent.carry('rename', { title, sessionId });
  }

  async chooseModel(agent: IAgent): Promise<void> {
    const { trans } = this;
    const answer = await InputDialog.getText({
      title: trans.__('Model of this notebook'),
      label: trans.__("A model's full name; empty: the server's default"),
      text: agent.info?.model ?? ''
    });
    if (answer.button.accept) {
      await agent.setModel((answer.value ?? '').trim());
    }
  }

  /** Lets the browser download the conversation: nothing of it has to fit into this page. */
  export(agent: IAgent, format: ExportFormat, sessionId = ''): void {
    if (agent.info) {
      const link = document.createElement('a');
      link.href = this.agents.api.exportUrl(agent.info.notebookId, format, sessionId);
      link.download = '';
      document.body.appendChild(link);
      link.click();
      link.remove();
    }
  }

  /** Takes the session out of the open notebook; the server keeps it out until the next turn. */
  async strip(agent: IAgent): Promise<void> {
    const { trans } = this;
    const body = trans.__(
      "The saved session and the rich form of the agent's outputs are taken out of the notebook; their text stays. " +
        'This server keeps the conversation, and the next turn puts it into the notebook again.'
    );
    if (await this.confirm(trans.__("Strip the agent's state from this notebook?"), body, trans.__('Strip'))) {
      await agent.carry('strip');
      const panel = this.panelOf(agent);
      if (panel !== null && agent.info?.stripped) {
        stripNotebook(panel);
      }
    }
  }

  async logs(agent: IAgent): Promise<void> {
    if (agent.info) {
      await showLogs(this.agents.api, this.trans, agent.info.notebookId, agent.info.path);
    }
  }

  private panelOf(agent: IAgent): NotebookPanel | null {
    return this.tracker.find(panel => this.agents.of(panel) === agent) ?? null;
  }

  private async confirm(title: string, body: string, label: string): Promise<boolean> {
    const answer = await showDialog({ title, body, buttons: [Dialog.cancelButton(), Dialog.okButton({ label })] });
    return answer.button.accept;
  }
}
