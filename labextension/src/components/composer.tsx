/** Where a person writes to the agent. */
import React, { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { MAX_ATTACHMENTS, refusal } from '../attachments';
import { AttachButtons } from '../composer/attach';
import { Chips } from '../composer/chips';
import { commandIn, slashCommands } from '../composer/commands';
import { fromPage, useDrop } from '../composer/drop';
import { askedAt, commandOffers, mentionOffers } from '../composer/mentions';
import type { Asked, Offer } from '../composer/mentions';
import { OFFERS_ID, Offers, offerId } from '../composer/offers';
import { Past } from '../composer/past';
import type { IAgent } from '../tokens';
import type { Attachment } from '../wire';
import { useSurroundings } from './context';

export function Composer(props: { agent: IAgent }): JSX.Element {
  const { trans, enterSends } = useSurroundings();
  const { agent } = props;
  const [text, setText] = useState('');
  const [attachments, setAttachments] = useState<readonly Attachment[]>([]);
  const [said, setSaid] = useState('');
  const [asked, setAsked] = useState<Asked | null>(null);
  const [offers, setOffers] = useState<readonly Offer[]>([]);
  const [active, setActive] = useState(0);
  const [box, setBox] = useState<HTMLDivElement | null>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  const past = useRef(new Past());
  const commands = useMemo(() => slashCommands(trans), [trans]);

  const take = useCallback(
    (found: Promise<Attachment[]>, missing = ''): void => {
      found
        .then(added => {
          const refused = added.map(each => refusal(trans, each)).filter(sentence => sentence);
          const kept = added.filter(each => !refusal(trans, each));
          setAttachments(before => [...before, ...kept].slice(0, MAX_ATTACHMENTS));
          setSaid(added.length === 0 ? missing : refused.join(' '));
          area.current?.focus();
        })
        .catch((error: unknown) => setSaid(error instanceof Error ? error.message : String(error)));
    },
    [trans]
  );
  const over = useDrop(box, trans, agent.notebook, take);

  useEffect(() => {
    if (asked === null) {
      setOffers([]);
      return;
    }
    let current = true;
    const show = (list: readonly Offer[]): void => {
      if (current) {
        setOffers(list);
      }
    };
    setActive(0);
    if (asked.sign === '/') {
      show(commandOffers(commands, asked.word));
    } else {
      mentionOffers(trans, agent, asked.word, show);
    }
    return () => {
      current = false;
    };
  }, [asked?.sign, asked?.word, asked?.start, agent, commands, trans]);

  const write = (value: string, caret: number): void => {
    setText(value);
    setSaid('');
    past.current.reset();
    setAsked(askedAt(value, caret));
  };
  const accept = (offer: Offer): void => {
    const from = asked?.start ?? 0;
    const caret = area.current?.selectionStart ?? text.length;
    const value = text.slice(0, from) + offer.insert + text.slice(caret);
    const end = from + offer.insert.length;
    setText(value);
    setAsked(offer.more ? askedAt(value, end) : null);
    if (offer.attach) {
      take(offer.attach());
    }
    requestAnimationFrame(() => area.current?.setSelectionRange(end, end));
  };

  const send = (): void => {
    const prompt = text.trim();
    if (!prompt) {
      return;
    }
    setAsked(null);
    past.current.reset();
    const command = attachments.length === 0 ? commandIn(commands, prompt) : null;
    if (command) {
      setText('');
      void command[0].run(agent, command[1]).then(sentence => {
        if (sentence) {
          setSaid(sentence);
          setText(now => now || prompt);
        }
      });
      return;
    }
    const sent = attachments;
    setText('');
    setAttachments([]);
    void agent.prompt(prompt, sent).then(accepted => {
      if (!accepted) {
        // Nothing that was written is lost.
        setText(now => now || prompt);
        setAttachments(now => (now.length > 0 ? now : sent));
      }
    });
  };

  const recall = (direction: -1 | 1): boolean => {
    const found = past.current.step(agent, text, direction);
    if (found !== null) {
      setText(found);
      setAsked(null);
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

  const onOfferKey = (key: string): boolean => {
    const offer = offers[active];
    if (key === 'ArrowDown' || key === 'ArrowUp') {
      setActive((active + (key === 'ArrowDown' ? 1 : offers.length - 1)) % offers.length);
    } else if ((key === 'Enter' || key === 'Tab') && offer && !isWhole(offer, text)) {
      accept(offer);
    } else if (key === 'Escape') {
      setAsked(null);
    } else {
      return false;
    }
    return true;
  };
  const onKeyDown = (event: React.KeyboardEvent<HTMLTextAreaElement>): void => {
    if (event.nativeEvent.isComposing) {
      return;
    }
    const { key } = event;
    const done =
      (offers.length > 0 && !event.shiftKey && onOfferKey(key)) ||
      (key === 'Enter' && event.shiftKey !== enterSends && (send(), true)) ||
      (key === 'Escape' && agent.busy && (void agent.interrupt(), true)) ||
      (key === 'ArrowUp' && atEdge(-1) && recall(-1)) ||
      (key === 'ArrowDown' && atEdge(1) && recall(1));
    if (done) {
      event.preventDefault();
      event.stopPropagation();
    }
  };

  return (
    <div ref={setBox} className="jp-AgentHost-composer" data-over={over}>
      <Offers offers={offers} active={active} take={accept} />
      <Chips
        attachments={attachments}
        remove={index => setAttachments(attachments.filter((_, place) => place !== index))}
      />
      {said ? (
        <div className="jp-AgentHost-notice" data-level="warning" role="alert">
          {said}
        </div>
      ) : null}
      <textarea
        ref={area}
        className="jp-AgentHost-input"
        rows={Math.min(10, Math.max(2, text.split('\n').length))}
        value={text}
        placeholder={agent.busy ? trans.__('Write the next prompt; it waits its turn') : trans.__('Ask the agent')}
        aria-label={trans.__('Prompt to the agent')}
        aria-autocomplete="list"
        aria-controls={offers.length > 0 ? OFFERS_ID : undefined}
        aria-activedescendant={offers.length > 0 ? offerId(active) : undefined}
        onChange={event => write(event.target.value, event.target.selectionStart)}
        onBlur={() => setAsked(null)}
        onPaste={event => {
          if (event.clipboardData.files.length > 0) {
            event.preventDefault();
            take(fromPage(trans, event.clipboardData));
          }
        }}
        onKeyDown={onKeyDown}
      />
      <div className="jp-AgentHost-composerRow">
        <AttachButtons notebook={agent.notebook} take={take} />
        <span className="jp-AgentHost-hint" title={trans.__('“@” mentions cells, variables and files; “/” lists commands')}>
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

/** The whole command stands there already: Enter sends it. */
function isWhole(offer: Offer, text: string): boolean {
  return text.startsWith('/') && text.trim() === offer.insert.trim() && !offer.insert.endsWith(' ');
}
