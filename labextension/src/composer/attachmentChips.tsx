/** What goes along with the next prompt; each can be taken off again. */
import React from 'react';
import { sizeOf } from '../notebook/attachments';
import { useSurroundings } from '../components/surroundings';
import type { Attachment } from '../server/wire';
import { exact, size } from '../text/labels';

export function Chips(props: { attachments: readonly Attachment[]; remove: (index: number) => void }): JSX.Element | null {
  const { trans } = useSurroundings();
  if (props.attachments.length === 0) {
    return null;
  }
  return (
    <ul className="jp-AgentHost-chips" aria-label={trans.__('Attached to the next prompt')}>
      {props.attachments.map((each, index) => (
        <li className="jp-AgentHost-chip" key={index} data-kind={each.kind}>
          {each.kind === 'image' ? <img src={`data:${each.mediaType};base64,${each.data}`} alt="" /> : null}
          {exact(each.name)} <span className="jp-AgentHost-label">{size(sizeOf(each))}</span>
          <button
            className="jp-AgentHost-textButton"
            aria-label={trans.__('Take %1 off', each.name)}
            onClick={() => props.remove(index)}
          >
            ×
          </button>
        </li>
      ))}
    </ul>
  );
}
