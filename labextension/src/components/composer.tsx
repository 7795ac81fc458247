/** Where a person writes to the agent. */
import React, { useRef, useState } from 'react';
import type { IAgent } from '../tokens';
import { useSurroundings } from './context';

export function Composer(props: { agent: IAgent }): JSX.Element {
  const { trans, enterSends } = useSurroundings();
  const { agent } = props;
  const [text, setText] = useState('');
  const past = useRef<string[]>([]);
  const place = useRef(0);

  const send = (): void => {
    const prompt = text.trim();
    if (!prompt) {
      return;
    }
    past.current.push(prompt);
    place.current = past.current.length;
    setText('');
    void agent.prompt(prompt).then(accepted => {
      if (!accepted) {
        // Nothing that was written is lost.
        setText(now => now || prompt);
      }
    });
  };

  const recall = (step: number): boolean => {
    const next = place.current + step;
    if (next < 0 || next > past.current.length) {
      return false;
    }
    place.current = next;
    setText(past.current[next] ?? '');
    return true;
  };

  const onKeyDown = (event: React.KeyboardEvent<HTMLTextAreaElement>): void => {
    if (event.nativeEvent.isComposing) {
      return;
    }
    const atEdge = text === '' || text === past.current[place.current];
    if (event.key === 'Enter' && event.shiftKey !== enterSends) {
      event.preventDefault();
      send();
    } else if (event.key === 'Escape' && agent.busy) {
      event.preventDefault();
      event.stopPropagation();
      void agent.interrupt();
    } else if (event.key === 'ArrowUp' && atEdge && recall(-1)) {
      event.preventDefault();
    } else if (event.key === 'ArrowDown' && atEdge && recall(1)) {
      event.preventDefault();
    }
  };

  return (
    <div className="jp-AgentHost-composer">
      <textarea
        className="jp-AgentHost-input"
        rows={Math.min(10, Math.max(2, text.split('\n').length))}
        value={text}
        placeholder={agent.busy ? trans.__('Write the next prompt; it waits its turn') : trans.__('Ask the agent')}
        aria-label={trans.__('Prompt to the agent')}
        onChange={event => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <div className="jp-AgentHost-composerRow">
        <span className="jp-AgentHost-hint">
          {enterSends ? trans.__('Shift+Enter: new line') : trans.__('Shift+Enter sends')}
        </span>
        {agent.busy ? (
          <button
            className="jp-Button jp-mod-styled jp-AgentHost-stop"
            title={trans.__('Interrupt the agent (Esc)')}
            onClick={() => void agent.interrupt()}
          >
            {trans.__('Interrupt')}
          </button>
        ) : null}
        <button className="jp-Button jp-mod-styled jp-mod-accept" disabled={!text.trim()} onClick={send}>
          {agent.busy ? trans.__('Queue') : trans.__('Send')}
        </button>
      </div>
    </div>
  );
}
