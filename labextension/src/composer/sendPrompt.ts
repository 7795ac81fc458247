/** Sends what was written: a command to its place, all else to the agent. */
import type { IAgent } from '../tokens';
import type { Attachment } from '../server/wire';
import { commandIn } from './slashCommands';
import type { SlashCommand } from './slashCommands';

export interface Draft {
  readonly text: string;
  readonly attachments: readonly Attachment[];
}

/** "" when it was sent; a sentence, or null where the agent tells it elsewhere, when the draft must not be lost. */
export async function sendDraft(agent: IAgent, commands: readonly SlashCommand[], draft: Draft): Promise<string | null> {
  const command = draft.attachments.length === 0 ? commandIn(commands, draft.text) : null;
  if (command) {
    return command[0].run(agent, command[1]);
  }
  return (await agent.prompt(draft.text, draft.attachments)) ? '' : null;
}
