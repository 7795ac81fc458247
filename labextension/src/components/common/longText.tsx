/** Text of any length: a piece at a time, with nothing said to be all that is not. */
import React, { useState } from 'react';
import { size } from '../../text/labels';
import { useSurroundings } from '../surroundings';

const PIECE_CHARS = 20_000;

export function LongText(props: { text: string; className?: string; children?: (shown: string) => React.ReactNode }): JSX.Element {
  const { trans } = useSurroundings();
  const [shown, setShown] = useState(PIECE_CHARS);
  const { text } = props;
  const piece = text.length > shown ? text.slice(0, shown) : text;
  return (
    <>
      <pre className={`jp-AgentHost-pre ${props.className ?? ''}`} tabIndex={0}>
        {props.children ? props.children(piece) : piece}
      </pre>
      {piece.length < text.length ? (
        <div className="jp-AgentHost-row">
          <span className="jp-AgentHost-label">{trans.__('%1 more', size(text.length - piece.length))}</span>
          <button className="jp-AgentHost-textButton" onClick={() => setShown(shown * 10)}>
            {trans.__('Show more')}
          </button>
          <button className="jp-AgentHost-textButton" onClick={() => void navigator.clipboard.writeText(text)}>
            {trans.__('Copy all')}
          </button>
        </div>
      ) : null}
    </>
  );
}
