/** What the person asked, and what went along with it. */
import React from 'react';
import type { TurnView } from '../../turns/turnView';
import type { AttachmentInfo } from '../../server/wire';
import { exact, size } from '../../text/labels';
import { useAgent, useSurroundings } from '../surroundings';
import { LongText } from '../common/longText';

const LONG_CHARS = 4000;

export function PromptView(props: { turn: TurnView; queued: boolean }): JSX.Element {
  const { trans } = useSurroundings();
  const agent = useAgent();
  const { turn } = props;
  const attachments: readonly AttachmentInfo[] = Array.isArray(turn.attachments) ? turn.attachments : [];
  return (
    <div className="jp-AgentHost-prompt">
      {turn.prompt.length > LONG_CHARS ? <LongText text={turn.prompt} /> : turn.prompt}
      {attachments.length > 0 ? (
        <ul className="jp-AgentHost-chips" aria-label={trans.__('Attached')}>
          {attachments.map((each, index) => (
            <li className="jp-AgentHost-chip" key={index} data-kind={each.kind}>
              {exact(String(each.name))} <span className="jp-AgentHost-label">{size(Number(each.sizeBytes) || 0)}</span>
            </li>
          ))}
        </ul>
      ) : null}
      {props.queued && agent ? (
        <div>
          <button className="jp-AgentHost-textButton" onClick={() => void agent.cancel(turn.turnId)}>
            {trans.__('Take back')}
          </button>
        </div>
      ) : null}
    </div>
  );
}
