/** Where a person writes to the agent. */
import React, { useCallback, useMemo, useRef, useState } from 'react';
import { ActionRow } from './actionRow';
import { useAttached } from './attachedItems';
import { Chips } from './attachmentChips';
import { slashCommands } from './slashCommands';
import { useCompletion } from './completion';
import { useDrop } from './dropAndPaste';
import type { Offer } from './mentions';
import { Offers } from './completionList';
import { PromptArea } from './promptArea';
import { sendDraft } from './sendPrompt';
import type { IAgent } from '../tokens';
import { useSurroundings } from '../components/surroundings';

export function Composer(props: { agent: IAgent }): JSX.Element {
  const { trans } = useSurroundings();
  const { agent } = props;
  const [text, setText] = useState('');
  const [box, setBox] = useState<HTMLDivElement | null>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  const commands = useMemo(() => slashCommands(trans), [trans]);
  const completion = useCompletion(agent, commands);
  const attached = useAttached(useCallback(() => area.current?.focus(), []));
  const over = useDrop(box, trans, agent.notebook, attached.take);

  const accept = (offer: Offer): void => {
    const caret = area.current?.selectionStart ?? text.length;
    const value = text.slice(0, completion.start) + offer.insert + text.slice(caret);
    const end = completion.start + offer.insert.length;
    setText(value);
    if (offer.more) {
      completion.look(value, end);
    } else {
      completion.close();
    }
    if (offer.attach) {
      attached.take(offer.attach());
    }
    requestAnimationFrame(() => area.current?.setSelectionRange(end, end));
  };

  const send = (): void => {
    const draft = { text: text.trim(), attachments: attached.list };
    if (!draft.text) {
      return;
    }
    completion.close();
    setText('');
    attached.clear();
    void sendDraft(agent, commands, draft).then(refused => {
      if (refused !== '') {
        // Nothing that was written is lost.
        setText(now => now || draft.text);
        attached.giveBack(draft.attachments);
        attached.say(refused ?? '');
      }
    });
  };

  return (
    <div ref={setBox} className="jp-AgentHost-composer" data-over={over}>
      <Offers offers={completion.offers} active={completion.active} take={accept} />
      <Chips attachments={attached.list} remove={attached.remove} />
      {attached.said ? (
        <div className="jp-AgentHost-notice" data-level="warning" role="alert">
          {attached.said}
        </div>
      ) : null}
      <PromptArea
        agent={agent}
        area={area}
        text={text}
        completion={completion}
        attached={attached}
        write={setText}
        accept={accept}
        send={send}
      />
      <ActionRow agent={agent} attached={attached} empty={!text.trim()} send={send} />
    </div>
  );
}
