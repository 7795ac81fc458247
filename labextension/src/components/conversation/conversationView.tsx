/** The conversation: the last turns at once, earlier ones as a person scrolls up; it stays at its end while read there. */
import React, { useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { IAgent } from '../../tokens';
import type { TurnView } from '../../turns/turnView';
import { Announcer } from './screenReaderStatus';
import { useSurroundings } from '../surroundings';
import { Saved } from './savedTurnSummary';
import { Slot, Slots } from './lazySlot';
import { Turn } from '../turn/turnCard';

const NEAR_END_PX = 40;
const NEAR_START_PX = 600;
const FOCUS_TRIES = 40;
const FOCUS_WAIT_MS = 50;

export function ConversationView(props: { agent: IAgent }): JSX.Element {
  const { trans } = useSurroundings();
  const { agent } = props;
  const [scroller, setScroller] = useState<HTMLDivElement | null>(null);
  const content = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const lastTop = useRef(0);
  const [away, setAway] = useState(false);
  const turns = agent.conversation.turns;
  const known = new Set(turns.map(turn => turn.turnId));
  const saved = agent.earlier === 0 ? (agent.history?.turns ?? []).filter(turn => !known.has(turn.turnId)) : [];
  const running = turns.find(turn => turn.ended === null);

  useSamePlace(scroller, turns[0]?.turnId ?? '');
  const stay = (): void => {
    if (atEnd.current && scroller) {
      scroller.scrollTop = scroller.scrollHeight;
    }
  };
  useLayoutEffect(stay);
  useEffect(() => {
    // Markdown and images get their height after the redraw.
    const observer = new ResizeObserver(stay);
    if (content.current) {
      observer.observe(content.current);
    }
    return () => observer.disconnect();
  }, [scroller]);

  useEffect(() => {
    const reveal = (_: IAgent, turnId: string): void => {
      // After the redraw that a page of earlier turns asked for.
      requestAnimationFrame(() => {
        const place = content.current?.querySelector<HTMLElement>(`[data-slot="${CSS.escape(turnId)}"]`);
        atEnd.current = false;
        place?.scrollIntoView({ block: 'start' });
        focusTurn(place ?? null, FOCUS_TRIES);
      });
    };
    agent.revealed.connect(reveal);
    return () => {
      agent.revealed.disconnect(reveal);
    };
  }, [agent]);

  const onScroll = (node: HTMLElement): void => {
    // Only going up leaves the end: the event comes late, and the text may have grown below in the meantime.
    const wentUp = node.scrollTop < lastTop.current;
    lastTop.current = node.scrollTop;
    const near = node.scrollHeight - node.scrollTop - node.clientHeight < NEAR_END_PX;
    atEnd.current = near || (atEnd.current && !wentUp);
    setAway(!atEnd.current);
    if (node.scrollTop < NEAR_START_PX && agent.earlier > 0) {
      void agent.loadEarlier();
    }
  };
  const toEnd = (): void => {
    atEnd.current = true;
    setAway(false);
    stay();
  };

  return (
    <div className="jp-AgentHost-conversation">
      <div
        ref={setScroller}
        className="jp-AgentHost-turns"
        role="log"
        aria-live="off"
        tabIndex={0}
        aria-label={trans.__('Conversation with the agent')}
        aria-busy={agent.busy}
        onScroll={event => onScroll(event.currentTarget)}
      >
        <div ref={content}>
          {agent.earlier > 0 ? (
            <button className="jp-AgentHost-textButton" onClick={() => void agent.loadEarlier()}>
              {trans.__('Show earlier turns (%1)', agent.earlier)}
            </button>
          ) : null}
          {turns.length + saved.length === 0 ? (
            <div className="jp-AgentHost-empty">
              {trans.__('This notebook has its own agent, in a sandbox of its own. Ask it something.')}
            </div>
          ) : null}
          <Slots root={scroller}>
            <Saved turns={saved} />
            {turns.map((turn, index) => (
              <TurnSlot
                key={turn.turnId}
                turn={turn}
                agent={agent}
                queued={turn.ended === null && turn !== running}
                keep={turn.ended === null || index >= turns.length - 2}
                anew={startsAnew(turns[index - 1], turn)}
              />
            ))}
          </Slots>
          <Outside agent={agent} />
        </div>
      </div>
      {away ? (
        <button className="jp-AgentHost-toEnd jp-Button jp-mod-styled" onClick={toEnd}>
          {agent.busy ? trans.__('Follow the answer') : trans.__('To the end')}
        </button>
      ) : null}
      <Announcer agent={agent} />
    </div>
  );
}

/** Questions that belong to no turn. */
function Outside(props: { agent: IAgent }): JSX.Element | null {
  const { agent } = props;
  const waiting = agent.conversation.outside.parts.filter(part => part.type === 'permission' && part.settled === null);
  if (waiting.length === 0) {
    return null;
  }
  return <Turn turn={{ ...agent.conversation.outside, parts: waiting }} agent={agent} showPrompt={false} />;
}

const TurnSlot = React.memo(function TurnSlot(props: {
  turn: TurnView;
  agent: IAgent;
  queued: boolean;
  keep: boolean;
  anew: boolean;
}): JSX.Element {
  const { trans } = useSurroundings();
  return (
    <>
      {props.anew ? <div className="jp-AgentHost-divider">{trans.__('From here on in a copy')}</div> : null}
      <Slot keep={props.keep} name={props.turn.turnId}>
        <Turn turn={props.turn} agent={props.agent} queued={props.queued} />
      </Slot>
    </>
  );
});

/**
 * Where a person reads stays where it is when earlier turns come before it. Browsers do so themselves, but not at the very
 * start of what can be scrolled, which is where most people are when they wait for more.
 */
function useSamePlace(scroller: HTMLElement | null, first: string): void {
  const shown = useRef(first);
  // Asked while the page still shows what was before.
  const before = shown.current === first ? null : topOf(scroller, shown.current);
  useLayoutEffect(() => {
    const now = before === null ? null : topOf(scroller, shown.current);
    shown.current = first;
    if (scroller && before !== null && now !== null && Math.abs(now - before) >= 1) {
      scroller.scrollTop += now - before;
    }
  });
}

function topOf(scroller: HTMLElement | null, turnId: string): number | null {
  const slot = turnId ? scroller?.querySelector(`[data-slot="${CSS.escape(turnId)}"]`) : null;
  return slot ? slot.getBoundingClientRect().top : null;
}

/** The slot fills as it comes near; then its turn takes the keyboard, which shows where it is. */
function focusTurn(place: HTMLElement | null, tries: number): void {
  const turn = place?.querySelector<HTMLElement>('article');
  turn?.focus();
  if (place !== null && tries > 0 && (!turn || document.activeElement !== turn)) {
    setTimeout(() => focusTurn(place, tries - 1), FOCUS_WAIT_MS);
  } else {
    turn?.scrollIntoView({ block: 'start' });
  }
}

function startsAnew(before: TurnView | undefined, turn: TurnView): boolean {
  return before !== undefined && before.sessionId !== '' && turn.sessionId !== '' && before.sessionId !== turn.sessionId;
}
