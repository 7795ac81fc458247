/** The whole panel of one notebook's agent. */
import { UseSignal } from '@jupyterlab/ui-components';
import React, { useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { IAgent } from '../tokens';
import type { TurnView } from '../reducer';
import type { History, TurnSummary } from '../wire';
import { Composer } from './composer';
import { useSurroundings } from './context';
import { Header } from './header';
import { Markdown } from './markdown';
import { Turn } from './turn';

const PAGE_TURNS = 30;
const NEAR_END_PX = 40;

export function AgentView(props: { agent: IAgent }): JSX.Element {
  return (
    <UseSignal signal={props.agent.changed} initialSender={props.agent}>
      {() => <AgentBody agent={props.agent} />}
    </UseSignal>
  );
}

function AgentBody(props: { agent: IAgent }): JSX.Element {
  const { trans } = useSurroundings();
  const { agent } = props;
  const foreign = agent.isForeign ? agent.history : null;
  return (
    <div className="jp-AgentHost-body">
      <Header agent={agent} />
      <Banner agent={agent} />
      {agent.info === null ? (
        <div className="jp-AgentHost-empty">{agent.error ? '' : trans.__('Asking the server…')}</div>
      ) : foreign ? (
        <Foreign agent={agent} history={foreign} />
      ) : (
        <>
          <Turns agent={agent} />
          <Composer agent={agent} />
        </>
      )}
    </div>
  );
}

function Banner(props: { agent: IAgent }): JSX.Element | null {
  const { trans } = useSurroundings();
  const { agent } = props;
  const text = agent.error || agent.message;
  if (!text) {
    return null;
  }
  return (
    <div className="jp-AgentHost-notice" data-level={agent.error ? 'error' : 'info'} role={agent.error ? 'alert' : 'status'}>
      {text}{' '}
      {agent.error ? (
        <button className="jp-AgentHost-textButton" onClick={() => void agent.refresh()}>
          {trans.__('Try again')}
        </button>
      ) : null}
      <button className="jp-AgentHost-textButton" onClick={() => agent.dismiss()}>
        {trans.__('Dismiss')}
      </button>
    </div>
  );
}

/** The conversation; it stays at its end while a person has not scrolled away. */
function Turns(props: { agent: IAgent }): JSX.Element {
  const { trans } = useSurroundings();
  const { agent } = props;
  const [pages, setPages] = useState(1);
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const turns = agent.conversation.turns;
  const shown = turns.slice(-pages * PAGE_TURNS);
  const known = new Set(turns.map(turn => turn.turnId));
  const earlier = (agent.history?.turns ?? []).filter(turn => !known.has(turn.turnId));
  const running = turns.find(turn => turn.ended === null);

  const stay = (): void => {
    if (atEnd.current && scroller.current) {
      scroller.current.scrollTop = scroller.current.scrollHeight;
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
  }, []);

  return (
    <div
      ref={scroller}
      className="jp-AgentHost-turns"
      role="log"
      tabIndex={0}
      aria-label={trans.__('Conversation with the agent')}
      aria-busy={agent.busy}
      onScroll={event => {
        const node = event.currentTarget;
        atEnd.current = node.scrollHeight - node.scrollTop - node.clientHeight < NEAR_END_PX;
      }}
    >
      <div ref={content}>
        {shown.length < turns.length ? (
          <button className="jp-AgentHost-textButton" onClick={() => setPages(pages + 1)}>
            {trans.__('Show earlier turns (%1)', turns.length - shown.length)}
          </button>
        ) : null}
        {shown.length === turns.length ? <Saved turns={earlier} /> : null}
        {turns.length + earlier.length === 0 ? (
          <div className="jp-AgentHost-empty">
            {trans.__('This notebook has its own agent, in a sandbox of its own. Ask it something.')}
          </div>
        ) : null}
        {shown.map((turn, index) => (
          <React.Fragment key={turn.turnId}>
            {startsAnew(shown[index - 1], turn) ? (
              <div className="jp-AgentHost-divider">{trans.__('Another session')}</div>
            ) : null}
            <Turn turn={turn} agent={agent} queued={turn.ended === null && turn !== running} />
          </React.Fragment>
        ))}
      </div>
    </div>
  );
}

function startsAnew(before: TurnView | undefined, turn: TurnView): boolean {
  return before !== undefined && before.sessionId !== '' && turn.sessionId !== '' && before.sessionId !== turn.sessionId;
}

/** Turns of which only prompt and answer were saved. */
function Saved(props: { turns: readonly TurnSummary[] }): JSX.Element {
  return (
    <>
      {props.turns.map(turn => (
        <article className="jp-AgentHost-turn" key={turn.turnId} data-status={turn.status}>
          <div className="jp-AgentHost-prompt">{turn.prompt}</div>
          <Markdown text={turn.text} open={false} />
        </article>
      ))}
    </>
  );
}

/** Saved state that is not ours: shown, and continued only when a person says so. */
function Foreign(props: { agent: IAgent; history: History }): JSX.Element {
  const { trans } = useSurroundings();
  const { agent, history } = props;
  const reason = agent.info?.trustReason || trans.__('The conversation saved in this notebook was not signed by this server.');
  const diverged = history.trust === 'diverged';
  return (
    <>
      <div className="jp-AgentHost-foreign" role="region" aria-label={trans.__('Saved conversation')}>
        <strong>{trans.__('A saved conversation that is not yours')}</strong>
        <p>{reason}</p>
        <div className="jp-AgentHost-row">
          {diverged ? (
            <>
              <TrustButton agent={agent} choice="journal" label={trans.__('Go on with the server’s')} accept />
              <TrustButton agent={agent} choice="notebook" label={trans.__('Go on with the notebook’s')} />
            </>
          ) : history.trust === 'corrupt' ? null : (
            <TrustButton agent={agent} choice="resume" label={trans.__('Resume as mine')} accept />
          )}
          {diverged ? null : <TrustButton agent={agent} choice="fresh" label={trans.__('Start fresh')} />}
        </div>
      </div>
      <div className="jp-AgentHost-turns" role="log" tabIndex={0} aria-label={trans.__('Saved conversation, read only')}>
        <Saved turns={history.turns} />
      </div>
    </>
  );
}

function TrustButton(props: {
  agent: IAgent;
  choice: 'resume' | 'fresh' | 'journal' | 'notebook';
  label: string;
  accept?: boolean;
}): JSX.Element {
  return (
    <button
      className={`jp-Button jp-mod-styled ${props.accept ? 'jp-mod-accept' : 'jp-mod-reject'}`}
      onClick={() => void props.agent.trust(props.choice)}
    >
      {props.label}
    </button>
  );
}
