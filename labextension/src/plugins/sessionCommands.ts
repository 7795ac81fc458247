/** Commands about the active notebook's agent. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { Actions } from '../session/sessionActions';
import type { PanelView } from '../components/panelContext';
import { hasSandbox } from '../text/numberFormat';
import { agentIcon } from '../text/icons';
import { CommandIds, PANEL_ID } from '../text/commandIds';
import type { IAgent, IAgents } from '../tokens';

interface Act {
  id: string;
  label: string;
  caption?: string;
  enabled?: (agent: IAgent) => boolean;
  act: (agent: IAgent, args: { turnId: string }) => Promise<void> | void;
}

const ours = (agent: IAgent): boolean => agent.info !== null && !agent.isForeign;
const spoken = (agent: IAgent): boolean => ours(agent) && (agent.info?.turns ?? 0) > 0;

export function addSessionCommands(
  commands: CommandRegistry,
  agents: IAgents,
  actions: Actions,
  trans: TranslationBundle,
  open: (view: PanelView) => void
): void {
  commands.addCommand(CommandIds.openPanel, {
    label: trans.__('Show the Agent Panel'),
    icon: agentIcon,
    describedBy: { args: { type: 'object', properties: {} } },
    execute: () => {
      open('conversation');
      focusPrompt();
    }
  });
  for (const { id, label, caption, enabled, act } of acts(actions, trans, open)) {
    commands.addCommand(id, {
      label,
      caption: caption ?? label,
      describedBy: { args: { type: 'object', properties: { turnId: { type: 'string' } } } },
      isEnabled: () => agents.current !== null && (enabled ?? ours)(agents.current),
      execute: async args => {
        if (agents.current) {
          await act(agents.current, { turnId: typeof args.turnId === 'string' ? args.turnId : '' });
        }
      }
    });
  }
}

function acts(actions: Actions, trans: TranslationBundle, open: (view: PanelView) => void): Act[] {
  return [
    { id: CommandIds.showHistory, label: trans.__('Sessions of This Notebook'), act: () => open('history') },
    {
      id: CommandIds.interrupt,
      label: trans.__('Interrupt the Agent'),
      enabled: agent => agent.busy,
      act: agent => agent.interrupt()
    },
    {
      id: CommandIds.newSession,
      label: trans.__('New Agent Session'),
      caption: trans.__('The next prompt begins a conversation that knows nothing of this one'),
      act: agent => actions.newSession(agent)
    },
    {
      id: CommandIds.forkSession,
      label: trans.__('Fork the Agent Session'),
      caption: trans.__('The next prompt goes on in a copy of this conversation'),
      enabled: spoken,
      act: agent => actions.fork(agent)
    },
    {
      id: CommandIds.forkTurn,
      label: trans.__('Fork the Agent Session after a Turn'),
      enabled: spoken,
      act: (agent, { turnId }) => actions.fork(agent, turnId)
    },
    { id: CommandIds.renameSession, label: trans.__('Rename the Agent Session…'), act: agent => actions.rename(agent) },
    { id: CommandIds.chooseModel, label: trans.__('Choose the Agent’s Model…'), act: agent => actions.chooseModel(agent) },
    {
      id: CommandIds.exportMarkdown,
      label: trans.__('Export the Agent Session as Markdown'),
      enabled: spoken,
      act: agent => actions.export(agent, 'markdown')
    },
    {
      id: CommandIds.exportJsonl,
      label: trans.__('Export the Agent Session as JSONL'),
      enabled: spoken,
      act: agent => actions.export(agent, 'jsonl')
    },
    {
      id: CommandIds.strip,
      label: trans.__('Strip the Agent’s State from This Notebook…'),
      caption: trans.__('Take the saved session out of the notebook before it is shared'),
      act: agent => actions.strip(agent)
    },
    { id: CommandIds.showLogs, label: trans.__('Show the Log of the Agent’s Sandbox'), act: agent => actions.logs(agent) },
    {
      id: CommandIds.stop,
      label: trans.__('Stop the Agent’s Sandbox'),
      caption: trans.__('The conversation is kept; the next prompt starts a new sandbox'),
      enabled: agent => agent.info !== null && hasSandbox(agent.info),
      act: agent => agent.verb('stop')
    },
    {
      id: CommandIds.resetSession,
      label: trans.__('Reset the Agent…'),
      caption: trans.__('End the sandbox and begin a new session'),
      act: agent => actions.reset(agent)
    }
  ];
}

/** The composer may be drawn only in the next frames. */
function focusPrompt(frames = 20): void {
  const area = document.querySelector<HTMLElement>(`#${PANEL_ID} textarea`);
  if (area?.offsetParent) {
    area.focus();
  } else if (frames > 0) {
    requestAnimationFrame(() => focusPrompt(frames - 1));
  }
}
