/** One turn: the prompt, and all that the agent did until its result. */
import React from 'react';
import type { Part, ToolPart, TurnView } from '../reducer';
import type { IAgent } from '../tokens';
import { money, seconds, size } from '../words';
import { Approval } from './approval';
import { useSurroundings } from './context';
import { Markdown } from './markdown';
import { ToolCard } from './tool';

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
  const { turn } = props;
  const running = turn.ended === null;
  return (
    <article className="jp-AgentHost-turn" data-turn={turn.turnId} data-status={turn.ended?.status ?? 'running'}>
      {props.showPrompt === false ? null : <div className="jp-AgentHost-prompt">{turn.prompt}</div>}
      <div className="jp-AgentHost-answer">
        {turn.parts.map((part, index) =>
          part.type === 'tool' && hasParent(turn, part) ? null : (
            <PartView key={keyOf(part, index)} part={part} turn={turn} agent={props.agent} />
          )
        )}
        {running ? <Waiting turn={turn} queued={props.queued === true} /> : null}
      </div>
      <Files turn={turn} />
      <Ending turn={turn} />
      {turn.ended ? (
        <div className="jp-AgentHost-footer">
          {[
            turn.ended.durationMs ? seconds(turn.ended.durationMs / 1000) : '',
            turn.ended.costUsd === undefined ? '' : trans.__('about %1 (estimate)', money(turn.ended.costUsd)),
            turn.model,
            ...(props.labels ?? [])
          ]
            .filter(word => word)
            .join(' · ')}
        </div>
      ) : null}
    </article>
  );
});

function keyOf(part: Part, index: number): string {
  if (part.type === 'tool') {
    return `tool-${part.id}`;
  }
  return part.type === 'permission' ? `ask-${part.asked.requestId}` : `${part.type}-${index}`;
}

function hasParent(turn: TurnView, part: ToolPart): boolean {
  return part.parent !== '' && turn.parts.some(each => each.type === 'tool' && each.id === part.parent);
}

function PartView(props: { part: Part; turn: TurnView; agent: IAgent | null }): JSX.Element | null {
  const { trans } = useSurroundings();
  const { part, turn } = props;
  const running = turn.ended === null;
  switch (part.type) {
    case 'text':
      return part.text.trim() ? <Markdown text={part.text} open={part.open && running} /> : null;
    case 'thinking':
      return part.text.trim() ? (
        <details className="jp-AgentHost-thinking">
          <summary>{trans.__('Thinking')}</summary>
          <div>{part.text}</div>
        </details>
      ) : null;
    case 'tool': {
      const inner = turn.parts.filter((each): each is ToolPart => each.type === 'tool' && each.parent === part.id);
      return (
        <ToolCard part={part} running={running} asking={running && asks(turn)}>
          {inner.length > 0 && inner[0] !== part ? (
            <div className="jp-AgentHost-nested">
              {inner.map(each => (
                <PartView key={each.id} part={each} turn={turn} agent={props.agent} />
              ))}
            </div>
          ) : null}
        </ToolCard>
      );
    }
    case 'permission':
      return <Approval part={part} agent={props.agent} open={running} />;
    case 'notice':
      return <NoticeView part={part} agent={props.agent} />;
  }
}

function asks(turn: TurnView): boolean {
  return turn.parts.some(part => part.type === 'permission' && part.settled === null);
}

function NoticeView(props: { part: Extract<Part, { type: 'notice' }>; agent: IAgent | null }): JSX.Element {
  const { trans } = useSurroundings();
  const { part } = props;
  const texts: Record<string, string> = {
    unknown_event: trans.__('An event of a newer version is not shown: %1.', part.text),
    files_refused: trans.__('Kept inside the sandbox: %1. Let it out with "%agent grant PATH".', part.text)
  };
  return (
    <div className="jp-AgentHost-notice" data-level={part.level}>
      {texts[part.code] ?? part.text}
    </div>
  );
}

function Waiting(props: { turn: TurnView; queued: boolean }): JSX.Element | null {
  const { trans } = useSurroundings();
  if (asks(props.turn)) {
    return null;
  }
  const starting = props.turn.parts.length === 0 && props.turn.sandbox?.state === 'starting';
  const word = props.queued
    ? trans.__('Queued: starts when the turn before it has ended')
    : starting
      ? trans.__('Starting the sandbox…')
      : trans.__('Working…');
  return (
    <div className="jp-AgentHost-waiting" data-queued={props.queued}>
      <span className="jp-AgentHost-dot" aria-hidden="true" />
      {word}
    </div>
  );
}

function Files(props: { turn: TurnView }): JSX.Element | null {
  const { trans } = useSurroundings();
  const signs = { created: '+', modified: '~', deleted: '-' };
  if (props.turn.files.length === 0) {
    return null;
  }
  return (
    <div className="jp-AgentHost-files">
      <div className="jp-AgentHost-label">{trans.__('Files changed')}</div>
      <ul>
        {props.turn.files.map(file => (
          <li key={file.path} data-action={file.action}>
            <code>{`${signs[file.action] ?? '?'} ${file.path}`}</code>{' '}
            {file.action === 'deleted' || !file.size_bytes ? '' : size(file.size_bytes)}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Ending(props: { turn: TurnView }): JSX.Element | null {
  const { trans } = useSurroundings();
  const ended = props.turn.ended;
  if (ended === null || ended.status === 'completed') {
    return null;
  }
  const words: Record<string, string> = {
    interrupted: trans.__('Interrupted. The session lives on: the next prompt continues it.'),
    max_turns: trans.__('Stopped at the limit of tool turns. Another prompt lets it go on.'),
    budget: trans.__('Stopped at the budget. Raise AgentHost.max_budget_usd to go on.'),
    detached: trans.__('This page saw no end of this turn.')
  };
  const text = ended.error || words[ended.status] || trans.__('The turn failed. Send the prompt again to retry.');
  return (
    <div className="jp-AgentHost-notice" data-level={ended.status === 'error' ? 'error' : 'warning'} role="status">
      {text}
    </div>
  );
}
