/** The prompts of a conversation, to go back to with the arrow keys. */
import type { IAgent } from '../tokens';

const MOST = 200;

export class PromptHistory {
  /** Where in the past one is; null: at what is being written. */
  private place: number | null = null;
  private draft = '';

  /** The prompt one step further back (-1) or forth (1) from `now`; null when there is none. */
  step(agent: IAgent, now: string, direction: -1 | 1): string | null {
    const prompts = promptsOf(agent);
    if (this.place === null) {
      if (direction > 0 || prompts.length === 0) {
        return null;
      }
      this.draft = now;
      this.place = prompts.length;
    }
    const next = this.place + direction;
    if (next < 0) {
      return null;
    }
    if (next >= prompts.length) {
      this.place = null;
      return this.draft;
    }
    this.place = next;
    return prompts[next] ?? null;
  }

  /** Something was written or sent: the next step back begins at the end again. */
  reset(): void {
    this.place = null;
  }

  get recalling(): boolean {
    return this.place !== null;
  }
}

function promptsOf(agent: IAgent): string[] {
  const prompts = agent.conversation.turns.slice(-MOST).map(turn => turn.prompt);
  return prompts.filter((prompt, index) => prompt && prompt !== prompts[index - 1]);
}
