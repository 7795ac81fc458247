/** One thing in a turn. */
import React from 'react';
import type { Children } from '../../turns/subagentParts';
import type { Part, ToolPart } from '../../turns/turnView';
import { Approval } from '../questions/approval';
import { useSurroundings } from '../surroundings';
import { Markdown } from '../common/markdown';
import { NoticeView } from './noticeView';
import { ToolCard } from './toolCard';

export interface PartProps {
  part: Part;
  running: boolean;
  /** The turn waits for a person. */
  asking: boolean;
  nested: Children;
}

export function PartView(props: PartProps): JSX.Element | null {
  const { trans } = useSurroundings();
  const { part, running } = props;
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
    case 'tool':
      return <Tool {...props} part={part} />;
    case 'permission':
      return <Approval part={part} open={running} />;
    case 'notice':
      return <NoticeView part={part} />;
  }
}

function Tool(props: PartProps & { part: ToolPart }): JSX.Element {
  const { trans } = useSurroundings();
  const { part, running, asking, nested } = props;
  const inner = nested.get(part.id);
  if (!inner) {
    return <ToolCard part={part} running={running} asking={asking} />;
  }
  const steps = inner.map(each => (
    <PartView key={each.id} part={each} running={running} asking={asking} nested={nested} />
  ));
  return (
    <ToolCard part={part} running={running} asking={false}>
      <details className="jp-AgentHost-nested" open={running && part.result === null}>
        <summary>{trans._n('%1 step of the subagent', '%1 steps of the subagent', inner.length)}</summary>
        {steps}
      </details>
    </ToolCard>
  );
}
