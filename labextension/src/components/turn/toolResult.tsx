/** A tool's answer: its first lines, the rest folded away, and its images. */
import React, { useState } from 'react';
import type { ToolImage, ToolResult } from '../../server/wire';
import { readable, size } from '../../text/labels';
import { useSurroundings } from '../surroundings';
import { LongText } from '../common/longText';

const FIRST_LINES = 15;
const IMAGE_TYPE = /^image\/(?:png|jpeg|gif|webp)$/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

export function Result(props: { result: ToolResult }): JSX.Element {
  const { trans } = useSurroundings();
  const { result } = props;
  const [whole, setWhole] = useState(false);
  const images: readonly ToolImage[] = Array.isArray(result.images) ? result.images : [];
  const text = readable(result.text ?? '').replace(/^\n+|\s+$/g, '');
  const lines = text.split('\n');
  const folded = !whole && lines.length > FIRST_LINES + 5;
  const total = Math.max(result.sizeBytes ?? 0, text.length);
  return (
    <div className="jp-AgentHost-result">
      <div className="jp-AgentHost-label">{result.isError ? trans.__('Failed') : trans.__('Result')}</div>
      {text || images.length === 0 ? (
        <LongText text={(folded ? lines.slice(0, FIRST_LINES).join('\n') : text) || trans.__('(nothing printed)')} />
      ) : null}
      {folded ? (
        <button className="jp-AgentHost-textButton" onClick={() => setWhole(true)}>
          {trans.__('Show all %1 lines', lines.length)}
        </button>
      ) : null}
      {total > text.length + 16 ? (
        <div className="jp-AgentHost-label">{trans.__('Cut here; %1 in all, which the agent has', size(total))}</div>
      ) : null}
      {images.map((image, index) => (
        <ResultImage key={index} image={image} />
      ))}
    </div>
  );
}

function ResultImage(props: { image: ToolImage }): JSX.Element | null {
  const { trans } = useSurroundings();
  const type = props.image.media_type ?? props.image.mediaType;
  const data = props.image.data;
  if (typeof type !== 'string' || typeof data !== 'string' || !IMAGE_TYPE.test(type) || !BASE64.test(data)) {
    return null;
  }
  return <img className="jp-AgentHost-image" src={`data:${type};base64,${data}`} alt={trans.__('Image from the tool')} />;
}
