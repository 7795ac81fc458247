/** What can be written as `/command` in the composer. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IAgent } from '../tokens';
import type { PermissionMode } from '../server/wire';
import { MODES } from '../text/labels';

export interface SlashCommand {
  name: string;
  /** What follows the name; "" for nothing. */
  argument: string;
  about: string;
  /** A sentence when it cannot be done so; "" when it was done. */
  run(agent: IAgent, argument: string): Promise<string>;
}

export function slashCommands(trans: TranslationBundle): SlashCommand[] {
  const plain = (name: string, about: string, act: (agent: IAgent) => Promise<void>): SlashCommand => ({
    name,
    argument: '',
    about,
    run: async agent => {
      await act(agent);
      return '';
    }
  });
  return [
    plain('new', trans.__('Start a new session'), agent => agent.verb('reset')),
    plain('fork', trans.__('Go on in a copy of this session'), agent => agent.verb('fork')),
    plain('stop', trans.__('Stop the sandbox; the session stays'), agent => agent.verb('stop')),
    plain('interrupt', trans.__('Interrupt the agent'), agent => agent.interrupt()),
    {
      name: 'model',
      argument: trans.__('NAME'),
      about: trans.__('Choose another model; without a name the server’s default'),
      run: async (agent, argument) => {
        await agent.setModel(argument);
        return '';
      }
    },
    {
      name: 'mode',
      argument: MODES.join('|'),
      about: trans.__('Choose what the agent asks for'),
      run: async (agent, argument) => {
        const mode = MODES.find(each => each === argument);
        if (mode === undefined) {
          return trans.__('/mode takes one of: %1', MODES.join(', '));
        }
        await agent.setMode(mode satisfies PermissionMode);
        return '';
      }
    },
    {
      name: 'grant',
      argument: trans.__('PATH'),
      about: trans.__('Let a guarded file out of the sandbox'),
      run: async (agent, argument) => {
        if (!argument) {
          return trans.__('/grant takes the path of a file.');
        }
        await agent.grant(argument);
        return '';
      }
    }
  ];
}

/** The command that this prompt is, if it is one and not a prompt that merely begins with "/". */
export function commandIn(commands: readonly SlashCommand[], text: string): [SlashCommand, string] | null {
  const [, name, rest] = /^\/([a-z]+)(?:[ \t]+([^\n]*))?$/.exec(text.trim()) ?? [];
  const command = commands.find(each => each.name === name);
  const argument = (rest ?? '').trim();
  return command && (command.argument !== '' || argument === '') ? [command, argument] : null;
}
