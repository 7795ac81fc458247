/** Tells those who listen instead of looking what has changed: states and questions, never single words. */
import React from 'react';
import type { IAgent } from '../../tokens';
import { pendingOf } from '../../turns/turnView';
import { toolWord } from '../../text/labels';
import { useSurroundings } from '../surroundings';

export function Announcer(props: { agent: IAgent }): JSX.Element {
  const { trans } = useSurroundings();
  const { agent } = props;
  const turn = agent.conversation.turns.findLast(each => each.ended === null) ?? agent.conversation.turns.at(-1);
  const asked = turn && turn.ended === null ? pendingOf(turn)[0] : undefined;
  let words = '';
  if (asked) {
    words = trans.__('The agent asks to use %1 and waits for your answer.', toolWord(asked.toolName));
  } else if (turn && turn.ended === null) {
    words = trans.__('The agent is answering.');
  } else if (turn && WATCHED.has(turn.turnId)) {
    words =
      turn.ended?.status === 'completed'
        ? trans.__('The agent has answered.')
        : trans.__('The agent’s turn ended: %1.', turn.ended?.status ?? '');
  }
  if (turn && turn.ended === null) {
    WATCHED.add(turn.turnId);
  }
  return (
    <div className="jp-AgentHost-hidden" role="status" aria-live="polite">
      {words}
    </div>
  );
}

/** Turns that this page saw running; the end of any other is no news. */
const WATCHED = new Set<string>();
