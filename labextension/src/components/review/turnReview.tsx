/** What a turn changed: how much, each change to look at, and the decisions. */
import React, { useCallback, useEffect, useState } from 'react';
import type { Choice, Reviews, Verdict } from '../../turns/turnReviews';
import type { Decided, ReviewItem, ReviewTurn } from '../../server/wire';
import { exact } from '../../text/labels';
import { useAgent, useSurroundings } from '../surroundings';
import { Conflicts } from './conflicts';
import { ReviewChange } from './reviewedChange';

/** Below a turn; nothing for a turn that changed nothing, or whose agent is not open here. */
export function Review(props: { turnId: string }): JSX.Element | null {
  const reviews = useAgent()?.reviews ?? null;
  const [figures, setFigures] = useState(reviews?.of(props.turnId) ?? null);
  useEffect(() => {
    const follow = (): void => setFigures(reviews?.of(props.turnId) ?? null);
    follow();
    reviews?.changed.connect(follow);
    return () => {
      reviews?.changed.disconnect(follow);
    };
  }, [reviews, props.turnId]);
  if (reviews === null || figures === null || figures.cells + figures.files === 0) {
    return null;
  }
  // Other figures mean that somebody decided: what is shown is read again.
  const stamp = JSON.stringify(figures);
  return <Changes reviews={reviews} turnId={props.turnId} stamp={stamp} open={(figures.open ?? 0) + (figures.waiting ?? 0)} />;
}

function Changes(props: { reviews: Reviews; turnId: string; stamp: string; open: number }): JSX.Element | null {
  const { trans } = useSurroundings();
  const { reviews, turnId, stamp } = props;
  const [turn, setTurn] = useState<ReviewTurn | null>(null);
  const [decided, setDecided] = useState<Decided | null>(null);
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    let wanted = true;
    reviews.read(turnId).then(
      found => wanted && setTurn(found),
      (reason: unknown) => wanted && setError(String(reason instanceof Error ? reason.message : reason))
    );
    return () => {
      wanted = false;
    };
  }, [reviews, turnId, stamp]);
  const decide = useCallback(
    async (verdict: Verdict, items: readonly ReviewItem[], choice: Choice = '') => {
      setBusy(true);
      setError('');
      try {
        setDecided(await reviews.decide(verdict, turnId, items, choice));
      } catch (reason) {
        setError(reason instanceof Error ? reason.message : String(reason));
      } finally {
        setBusy(false);
      }
    },
    [reviews, turnId]
  );
  if (turn === null) {
    return error ? <Problem text={error} /> : null;
  }
  const open = turn.items.filter(item => item.state === 'open' || item.state === 'waiting');
  const standing = turn.items.some(item => item.state !== 'rejected' && item.state !== 'undone');
  return (
    <section className="jp-AgentHost-review" aria-label={trans.__('What this turn changed')} aria-busy={busy}>
      <details open={open.length > 0 && turn.items.length <= 3}>
        <summary>
          <strong>{turn.summary}</strong> <span className="jp-AgentHost-label">{stateOf(turn, trans.__.bind(trans))}</span>
        </summary>
        <ul>
          {turn.items.map(item => (
            <ReviewChange
              key={`${item.kind} ${item.key}`}
              item={item}
              busy={busy}
              dropped={turn.dropped !== ''}
              read={() => reviews.diff(turnId, item)}
              decide={verdict => void decide(verdict, [item])}
            />
          ))}
        </ul>
      </details>
      {turn.dropped ? <Problem text={trans.__('This turn cannot be undone any more: %1.', turn.dropped)} /> : null}
      <div className="jp-AgentHost-reviewButtons">
        {open.length > 0 ? (
          <>
            <button className="jp-Button jp-mod-styled" disabled={busy} onClick={() => void decide('accept', [])}>
              {trans.__('Accept all')}
            </button>
            <button
              className="jp-Button jp-mod-styled"
              disabled={busy || turn.dropped !== ''}
              onClick={() => void decide('reject', [])}
            >
              {trans.__('Reject all')}
            </button>
          </>
        ) : null}
        {standing && open.length < turn.items.length && turn.dropped === '' ? (
          <button className="jp-AgentHost-textButton" disabled={busy} onClick={() => void decide('undo', [])}>
            {trans.__('Undo turn')}
          </button>
        ) : null}
      </div>
      {decided && decided.conflicts.length > 0 ? (
        <Conflicts conflicts={decided.conflicts} turn={turn} busy={busy} decide={decide} />
      ) : null}
      <div role="status" className="jp-AgentHost-label">
        {decided && decided.conflicts.length === 0 ? exact(decided.message) : ''}
      </div>
      {error ? <Problem text={error} /> : null}
    </section>
  );
}

type Say = (text: string, ...values: (string | number)[]) => string;

function stateOf(turn: ReviewTurn, say: Say): string {
  const count = (...states: string[]): number => turn.items.filter(item => states.includes(item.state)).length;
  const waiting = count('waiting');
  const words = [
    count('open') > 0 ? say('%1 to review', count('open')) : '',
    waiting > 0 ? say('%1 not in your folder yet', waiting) : '',
    count('accepted') > 0 ? say('%1 accepted', count('accepted')) : '',
    count('rejected', 'undone') > 0 ? say('%1 taken back', count('rejected', 'undone')) : ''
  ];
  return words.filter(word => word).join(' · ');
}

function Problem(props: { text: string }): JSX.Element {
  return (
    <div className="jp-AgentHost-notice" data-level="warning" role="alert">
      {exact(props.text)}
    </div>
  );
}
