/** One tool call: name, exact arguments, state, duration, and its result folded away. */
import React, { useEffect, useState } from 'react';
import type { ToolPart } from '../../turns/turnView';
import { seconds, toolWord } from '../../text/labels';
import { Arguments, mainArgument } from './toolArguments';
import { useSurroundings } from '../surroundings';
import { Result } from './toolResult';

export const ToolCard = React.memo(function ToolCard(props: {
  part: ToolPart;
  running: boolean;
  /** A person must decide first. */
  asking: boolean;
  /** What a subagent did for this call; shown without unfolding while it works. */
  children?: React.ReactNode;
}): JSX.Element {
  const { trans } = useSurroundings();
  const { part, running, asking } = props;
  const [open, setOpen] = useState(false);
  const state = part.result ? (part.result.isError ? 'failed' : 'done') : asking ? 'asking' : running ? 'running' : 'left';
  const words = {
    failed: trans.__('failed'),
    done: trans.__('done'),
    running: trans.__('running'),
    asking: trans.__('waits for you'),
    left: trans.__('no result')
  };
  const took = part.result?.durationMs ? seconds(part.result.durationMs / 1000) : '';
  return (
    <div className="jp-AgentHost-tool" data-state={state}>
      <details onToggle={event => setOpen(event.currentTarget.open)}>
        <summary>
          <span className="jp-AgentHost-dot" aria-hidden="true" />
          <span className="jp-AgentHost-toolName">{toolWord(part.name)}</span>
          <code className="jp-AgentHost-toolMain">{mainArgument(part.input)}</code>
          <span className="jp-AgentHost-toolState">
            {state === 'running' ? <Elapsed since={part.started} /> : null}
            {state === 'done' ? took || words.done : [words[state], took].filter(word => word).join(' · ')}
          </span>
        </summary>
        {open ? (
          <>
            <Arguments name={part.name} input={part.input} />
            {part.result ? <Result result={part.result} /> : null}
          </>
        ) : null}
      </details>
      {props.children}
    </div>
  );
});

function Elapsed(props: { since: number }): JSX.Element {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now() / 1000), 1000);
    return () => clearInterval(timer);
  }, []);
  return <span>{seconds(Math.max(0, now - props.since))} </span>;
}
