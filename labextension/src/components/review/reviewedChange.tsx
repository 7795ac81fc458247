/** One cell or file that a turn changed: what happened to it, its diff, and the decision. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useState } from 'react';
import type { Verdict } from '../../turns/turnReviews';
import type { ReviewDiff, ReviewItem } from '../../server/wire';
import { exact } from '../../text/labels';
import { useSurroundings } from '../surroundings';
import { Diff } from '../common/unifiedDiff';

const SIGNS: Record<string, string> = { inserted: '+', created: '+', deleted: '-', moved: '↕', ran: '▸' };

export interface ReviewChangeProps {
  item: ReviewItem;
  busy: boolean;
  /** Its contents are not kept any more. */
  dropped: boolean;
  read: () => Promise<ReviewDiff>;
  decide: (verdict: Verdict) => void;
}

export function ReviewChange(props: ReviewChangeProps): JSX.Element {
  const { trans } = useSurroundings();
  const { item, busy, dropped } = props;
  const [diff, setDiff] = useState<ReviewDiff | null>(null);
  const [error, setError] = useState('');
  const name = nameOf(item, trans);
  const open = item.state === 'open' || item.state === 'waiting';
  const gone = item.state === 'rejected' || item.state === 'undone';
  const toggle = (shown: boolean): void => {
    if (!shown || dropped) {
      setDiff(null);
      return;
    }
    props.read().then(setDiff, (reason: unknown) => setError(reason instanceof Error ? reason.message : String(reason)));
  };
  return (
    <li className="jp-AgentHost-change" data-state={item.state} data-key={item.key}>
      <div className="jp-AgentHost-changeLine">
        <details onToggle={event => toggle(event.currentTarget.open)}>
          <summary>
            <code>{SIGNS[item.action] ?? '~'}</code> <span className="jp-AgentHost-changeName">{name}</span>
            <span className="jp-AgentHost-label">{aboutIt(item, trans)}</span>
          </summary>
          {error ? <div className="jp-AgentHost-notice">{exact(error)}</div> : null}
          {diff ? <Shown diff={diff} /> : null}
        </details>
        <span className="jp-AgentHost-changeButtons">
          {open ? (
            <button
              className="jp-AgentHost-textButton"
              disabled={busy}
              aria-label={trans.__('Accept %1', name)}
              onClick={() => props.decide('accept')}
            >
              {trans.__('Accept')}
            </button>
          ) : null}
          {gone || item.problem ? null : (
            <button
              className="jp-AgentHost-textButton"
              disabled={busy}
              aria-label={open ? trans.__('Reject %1', name) : trans.__('Undo %1', name)}
              onClick={() => props.decide(open ? 'reject' : 'undo')}
            >
              {open ? trans.__('Reject') : trans.__('Undo')}
            </button>
          )}
        </span>
      </div>
    </li>
  );
}

function Shown(props: { diff: ReviewDiff }): JSX.Element {
  const { trans } = useSurroundings();
  const { diff } = props;
  const words = [diff.metadata, diff.outputs, diff.problem].filter(word => word).join('; ');
  return (
    <>
      {diff.diff ? <Diff change={{ before: diff.before ?? '', after: diff.after ?? '' }} /> : null}
      {words ? <div className="jp-AgentHost-label">{exact(words)}</div> : null}
      {!diff.diff && !words ? <div className="jp-AgentHost-label">{trans.__('Its text did not change.')}</div> : null}
      {diff.since ? (
        <details>
          <summary className="jp-AgentHost-label">{trans.__('What changed since')}</summary>
          <pre className="jp-AgentHost-pre" tabIndex={0}>
            {exact(diff.since)}
          </pre>
        </details>
      ) : null}
    </>
  );
}

/** A cell by its place and first line, a file by its path. */
export function nameOf(item: ReviewItem, trans: TranslationBundle): string {
  if (item.kind === 'file') {
    return exact(item.key);
  }
  const place = item.position === null ? trans.__('Cell') : trans.__('Cell %1', item.position + 1);
  return item.head ? `${place}: ${exact(item.head)}` : place;
}

function aboutIt(item: ReviewItem, trans: TranslationBundle): string {
  const actions: Record<string, string> = {
    inserted: trans.__('inserted'),
    edited: trans.__('edited'),
    moved: trans.__('moved'),
    ran: trans.__('ran'),
    created: trans.__('created'),
    modified: trans.__('modified'),
    deleted: trans.__('deleted')
  };
  const states: Record<string, string> = {
    waiting: trans.__('not in your folder yet'),
    accepted: trans.__('accepted'),
    rejected: trans.__('rejected'),
    undone: trans.__('undone')
  };
  const counts = item.added || item.removed ? `+${item.added} −${item.removed}` : '';
  return [actions[item.action] ?? '', counts, states[item.state] ?? '', exact(item.reason), exact(item.problem)]
    .filter(word => word)
    .join(' · ');
}
