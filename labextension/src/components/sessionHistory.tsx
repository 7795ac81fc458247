/** The notebook's sessions: what they were about, what they cost, and how to go on from any point of them. */
import { Time } from '@jupyterlab/coreutils';
import { caretDownIcon, caretRightIcon, downloadIcon, editIcon } from '@jupyterlab/ui-components';
import React, { useEffect, useState } from 'react';
import type { IAgent } from '../tokens';
import type { SessionSummary, TurnSummary } from '../server/wire';
import { money } from '../text/labels';
import { useSurroundings } from './surroundings';
import { usePanelContext } from './panelContext';
import { IconButton } from './common/iconButton';

/** Of an answer's first words, what is Markdown and not words. */
const MARKS = /[#*`|]+/g;

export function HistoryView(props: { agent: IAgent }): JSX.Element {
  const { trans } = useSurroundings();
  const { api, show } = usePanelContext();
  const { agent } = props;
  const [sessions, setSessions] = useState<SessionSummary[] | null>(null);
  const [error, setError] = useState('');
  const info = agent.info;

  useEffect(() => {
    let wanted = true;
    if (info) {
      api
        .call(info.notebookId, 'sessions')
        .then(found => wanted && setSessions(found.sessions))
        .catch((failure: unknown) => wanted && setError(String(failure)));
    }
    return () => {
      wanted = false;
    };
  }, [api, info?.notebookId, info?.sessionId, info?.title, info?.turns]);

  return (
    <section className="jp-AgentHost-history" aria-label={trans.__('Sessions of this notebook')}>
      <div className="jp-AgentHost-historyHead">
        <strong>{trans.__('Sessions of this notebook')}</strong>
        <button
          className="jp-AgentHost-textButton"
          title={trans.__('Back to the conversation')}
          onClick={() => show('conversation')}
        >
          {trans.__('Back')}
        </button>
      </div>
      {error ? (
        <div className="jp-AgentHost-notice" data-level="error" role="alert">
          {error}
        </div>
      ) : sessions === null ? (
        <div className="jp-AgentHost-empty">{trans.__('Asking the server…')}</div>
      ) : (
        <ul className="jp-AgentHost-sessions">
          {sessions.map(session => (
            <Session key={session.sessionId} agent={agent} session={session} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Session(props: { agent: IAgent; session: SessionSummary }): JSX.Element {
  const { trans } = useSurroundings();
  const { actions, show } = usePanelContext();
  const { agent, session } = props;
  const [open, setOpen] = useState(false);
  const title = session.title || session.firstPrompt || trans.__('New session, nothing was said yet');
  const used = new Date(session.lastUsed * 1000);
  return (
    <li className="jp-AgentHost-session" data-current={session.current}>
      <div className="jp-AgentHost-sessionRow">
        <IconButton
          icon={open ? caretDownIcon : caretRightIcon}
          label={open ? trans.__('Hide the turns') : trans.__('Show the turns')}
          pressed={open}
          onClick={() => setOpen(!open)}
        />
        <div className="jp-AgentHost-sessionText">
          <div className="jp-AgentHost-sessionTitle" title={title}>
            {title}
          </div>
          <div className="jp-AgentHost-sessionFacts">
            {session.current ? <span className="jp-AgentHost-chip">{trans.__('current')}</span> : null}
            <time dateTime={used.toISOString()} title={used.toLocaleString()}>
              {Time.formatHuman(used)}
            </time>
            {' · '}
            {trans._n('%1 turn', '%1 turns', session.turns)}
            {' · '}
            {trans.__('about %1', money(session.costUsd))}
            {session.parentSessionId ? ` · ${trans.__('forked')}` : ''}
          </div>
        </div>
        <IconButton
          icon={editIcon}
          label={trans.__('Rename')}
          onClick={() => void actions.rename(agent, session.sessionId, session.title)}
        />
        <IconButton
          icon={downloadIcon}
          label={trans.__('Export as Markdown')}
          onClick={() => actions.export(agent, 'markdown', session.sessionId)}
        />
        {session.current ? null : (
          <button
            className="jp-AgentHost-smallButton"
            onClick={() => {
              void actions.resume(agent, session.sessionId).then(() => show('conversation'));
            }}
          >
            {trans.__('Resume')}
          </button>
        )}
      </div>
      {open ? <SessionTurns agent={agent} sessionId={session.sessionId} /> : null}
    </li>
  );
}

function SessionTurns(props: { agent: IAgent; sessionId: string }): JSX.Element {
  const { trans } = useSurroundings();
  const { actions, api, show } = usePanelContext();
  const { agent, sessionId } = props;
  const [turns, setTurns] = useState<TurnSummary[] | null>(null);
  const notebookId = agent.info?.notebookId ?? '';

  useEffect(() => {
    let wanted = true;
    api
      .call(notebookId, 'history', { sessionId })
      .then(found => wanted && setTurns(found.turns))
      .catch(() => wanted && setTurns([]));
    return () => {
      wanted = false;
    };
  }, [api, notebookId, sessionId, agent.info?.turns]);

  if (turns === null) {
    return <div className="jp-AgentHost-hint">{trans.__('Asking the server…')}</div>;
  }
  return (
    <ol className="jp-AgentHost-sessionTurns">
      {turns.map(turn => (
        <li key={turn.turnId}>
          <div className="jp-AgentHost-sessionText">
            <div className="jp-AgentHost-sessionTitle" title={turn.prompt}>
              {turn.prompt}
            </div>
            <div className="jp-AgentHost-sessionFacts">{turn.text.replace(MARKS, '') || turn.status}</div>
          </div>
          {turn.status === 'running' ? null : (
            <button
              className="jp-AgentHost-smallButton"
              title={trans.__('Go on in a copy of the conversation as it was after this turn')}
              onClick={() => {
                void actions.fork(agent, turn.turnId).then(() => show('conversation'));
              }}
            >
              {trans.__('Fork from here')}
            </button>
          )}
        </li>
      ))}
    </ol>
  );
}
