/** The text of the next prompt, and what its keys do. */
import React, { useRef } from 'react';
import { useSurroundings } from '../components/surroundings';
import type { IAgent } from '../tokens';
import type { Completion } from './completion';
import { fromPage } from './dropAndPaste';
import type { Offer } from './mentions';
import { OFFERS_ID, offerId } from './completionList';
import { PromptHistory } from './promptHistory';
import type { Attached } from './attachedItems';

const MOST_ROWS = 10;

export interface PromptAreaProps {
  agent: IAgent;
  area: React.RefObject<HTMLTextAreaElement>;
  text: string;
  completion: Completion;
  attached: Attached;
  write: (text: string) => void;
  accept: (offer: Offer) => void;
  send: () => void;
}

export function PromptArea(props: PromptAreaProps): JSX.Element {
  const { trans, enterSends } = useSurroundings();
  const { agent, area, text, completion, attached } = props;
  const { offers, active } = completion;
  const past = useRef(new PromptHistory());

  const recall = (direction: -1 | 1): boolean => {
    const found = past.current.step(agent, text, direction);
    if (found !== null) {
      props.write(found);
      completion.close();
    }
    return found !== null;
  };
  /** Arrow keys move in the text first; only at its edge they go through the past. */
  const atEdge = (direction: -1 | 1): boolean => {
    const node = area.current;
    if (node === null || node.selectionStart !== node.selectionEnd) {
      return false;
    }
    const rest = direction < 0 ? text.slice(0, node.selectionStart) : text.slice(node.selectionStart);
    return past.current.recalling || !rest.includes('\n');
  };
  const complete = (key: string): boolean => {
    const taken = completion.press(key, text);
    if (typeof taken === 'object') {
      props.accept(taken);
    }
    return taken !== false;
  };
  const send = (): boolean => {
    past.current.reset();
    props.send();
    return true;
  };
  const interrupt = (): boolean => {
    void agent.interrupt();
    return true;
  };
  const onKeyDown = (event: React.KeyboardEvent<HTMLTextAreaElement>): void => {
    if (event.nativeEvent.isComposing) {
      return;
    }
    const { key } = event;
    const done =
      (offers.length > 0 && !event.shiftKey && complete(key)) ||
      (key === 'Enter' && event.shiftKey !== enterSends && send()) ||
      (key === 'Escape' && agent.busy && interrupt()) ||
      (key === 'ArrowUp' && atEdge(-1) && recall(-1)) ||
      (key === 'ArrowDown' && atEdge(1) && recall(1));
    if (done) {
      event.preventDefault();
      event.stopPropagation();
    }
  };

  return (
    <textarea
      ref={area}
      className="jp-AgentHost-input"
      rows={Math.min(MOST_ROWS, Math.max(2, text.split('\n').length))}
      value={text}
      placeholder={agent.busy ? trans.__('Write the next prompt; it waits its turn') : trans.__('Ask the agent')}
      aria-label={trans.__('Prompt to the agent')}
      aria-autocomplete="list"
      aria-controls={offers.length > 0 ? OFFERS_ID : undefined}
      aria-activedescendant={offers.length > 0 ? offerId(active) : undefined}
      onChange={event => {
        past.current.reset();
        attached.say('');
        props.write(event.target.value);
        completion.look(event.target.value, event.target.selectionStart);
      }}
      onBlur={completion.close}
      onPaste={event => {
        if (event.clipboardData.files.length > 0) {
          event.preventDefault();
          attached.take(fromPage(trans, event.clipboardData));
        }
      }}
      onKeyDown={onKeyDown}
    />
  );
}
