/** One turn: the prompt, and all that the agent did until its result. */
import React, { useMemo, useState } from 'react';
import { nestedIn } from '../../turns/subagentParts';
import { todosOf } from '../../turns/todoList';
import type { IAgent } from '../../tokens';
import { pendingOf } from '../../turns/turnView';
import type { Part, TurnView } from '../../turns/turnView';
import { money, seconds } from '../../text/labels';
import { Boundary } from '../common/errorBoundary';
import { AgentContext, useAgent, useSurroundings } from '../surroundings';
import { Ending, Files, Waiting } from './turnStatus';
import { PartView } from './turnPart';
import { PromptView } from './promptView';
import { Review } from '../review/turnReview';
import { Todos } from './todoListView';

/** Of a turn with more steps the last ones are shown until a person asks for all. */
const MOST_PARTS = 200;

export interface TurnProps {
  turn: TurnView;
  /** Who can be asked to do something; null for a turn that is only shown. */
  agent: IAgent | null;
  queued?: boolean;
  showPrompt?: boolean;
  /** Where it ran, and what else must be said below. */
  labels?: readonly string[];
}

export const Turn = React.memo(function Turn(props: TurnProps): JSX.Element {
  const { trans } = useSurroundings();
  const { turn, agent } = props;
  return (
    <AgentContext.Provider value={agent}>
      <article
        className="jp-AgentHost-turn"
        data-turn={turn.turnId}
        data-status={turn.ended?.status ?? 'running'}
        tabIndex={-1}
        aria-label={trans.__('Turn: %1', turn.prompt.slice(0, 80))}
      >
        <Boundary sentence={trans.__('This turn cannot be shown; the agent goes on regardless.')}>
          {props.showPrompt === false ? null : <PromptView turn={turn} queued={props.queued === true} />}
          <Steps turn={turn} queued={props.queued === true} />
          {turn.ended !== null && agent?.reviews.of(turn.turnId) ? null : <Files turn={turn} />}
          {turn.ended === null ? null : <Review turnId={turn.turnId} />}
          <Ending turn={turn} />
          <Footer turn={turn} labels={props.labels ?? []} />
        </Boundary>
      </article>
    </AgentContext.Provider>
  );
});

function Steps(props: { turn: TurnView; queued: boolean }): JSX.Element {
  const { trans } = useSurroundings();
  const { turn } = props;
  const [all, setAll] = useState(false);
  const nested = useMemo(() => nestedIn(turn.parts), [turn.parts]);
  const running = turn.ended === null;
  const asking = running && pendingOf(turn).length > 0;
  const inner = new Set([...nested.values()].flat());
  const top = turn.parts.map((part, index) => ({ part, index })).filter(({ part }) => !inner.has(part as never));
  const shown = all ? top : top.slice(-MOST_PARTS);
  return (
    <div className="jp-AgentHost-answer">
      {shown.length < top.length ? (
        <button className="jp-AgentHost-textButton" onClick={() => setAll(true)}>
          {trans.__('Show %1 earlier steps', top.length - shown.length)}
        </button>
      ) : null}
      {shown.map(({ part, index }) => (
        <PartView key={keyOf(part, index)} part={part} running={running} asking={asking} nested={nested} />
      ))}
      <TodoList turn={turn} />
      {running && !asking ? <Waiting turn={turn} queued={props.queued} /> : null}
    </div>
  );
}

const KEEPS_LIST = /^(?:TodoWrite|TaskCreate|TaskUpdate)$/;

/** The list as it stands after this turn; it goes on from turn to turn of a session. */
function TodoList(props: { turn: TurnView }): JSX.Element | null {
  const agent = useAgent();
  const { turn } = props;
  if (!turn.parts.some(part => part.type === 'tool' && KEEPS_LIST.test(part.name))) {
    return null;
  }
  const turns = agent?.conversation.turns ?? [];
  const before = turns.slice(0, Math.max(0, turns.findIndex(each => each.turnId === turn.turnId)));
  const session = before.filter(each => each.sessionId === turn.sessionId).flatMap(each => each.parts);
  return <Todos todos={todosOf([...session, ...turn.parts])} />;
}

function Footer(props: { turn: TurnView; labels: readonly string[] }): JSX.Element | null {
  const { trans } = useSurroundings();
  const agent = useAgent();
  const { turn } = props;
  if (turn.ended === null) {
    return null;
  }
  const words = [
    turn.ended.durationMs ? seconds(turn.ended.durationMs / 1000) : '',
    turn.ended.costUsd === undefined ? '' : trans.__('about %1 (estimate)', money(turn.ended.costUsd)),
    turn.model,
    ...props.labels
  ];
  return (
    <div className="jp-AgentHost-footer">
      <span>{words.filter(word => word).join(' · ')}</span>
      {agent ? (
        <button
          className="jp-AgentHost-textButton"
          title={trans.__('Go on in a copy of the conversation as it was after this turn')}
          onClick={() => void agent.carry('fork', { turnId: turn.turnId })}
        >
          {trans.__('Fork from here')}
        </button>
      ) : null}
    </div>
  );
}

function keyOf(part: Part, index: number): string {
  if (part.type === 'tool') {
    return `tool-${part.id}`;
  }
  return part.type === 'permission' ? `ask-${part.asked.requestId}` : `${part.type}-${index}`;
}
