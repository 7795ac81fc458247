/** Changes that cannot be taken back by themselves, since the person changed the same: both sides, and the choice. */
import React from 'react';
import type { Choice, Verdict } from '../../turns/turnReviews';
import type { ReviewConflict, ReviewItem, ReviewTurn } from '../../server/wire';
import { exact } from '../../text/labels';
import { nameOf } from './reviewedChange';
import { useSurroundings } from '../surroundings';
import { Diff } from '../common/unifiedDiff';

export interface ConflictsProps {
  conflicts: readonly ReviewConflict[];
  turn: ReviewTurn;
  busy: boolean;
  decide: (verdict: Verdict, items: readonly ReviewItem[], choice: Choice) => Promise<void>;
}

export function Conflicts(props: ConflictsProps): JSX.Element {
  const { trans } = useSurroundings();
  return (
    <div role="group" aria-label={trans.__('Conflicts')}>
      {props.conflicts.map(conflict => {
        const item = props.turn.items.find(each => each.kind === conflict.kind && each.key === conflict.key);
        return item ? <Conflict key={`${item.kind} ${item.key}`} {...props} conflict={conflict} item={item} /> : null;
      })}
    </div>
  );
}

function Conflict(props: ConflictsProps & { conflict: ReviewConflict; item: ReviewItem }): JSX.Element {
  const { trans } = useSurroundings();
  const { conflict, item, busy, decide } = props;
  // A file that waits is accepted over the person's, or rejected; everything else is taken back, or kept.
  const waits = item.state === 'waiting';
  const verdict = waits ? 'accept' : item.state === 'accepted' ? 'undo' : 'reject';
  return (
    <div className="jp-AgentHost-conflict">
      <div>
        <strong>{nameOf(item, trans)}</strong>: {exact(conflict.reason)}
      </div>
      {conflict.diff ? (
        <>
          <div className="jp-AgentHost-label">
            {waits ? trans.__('From yours (−) to the agent’s (+):') : trans.__('From yours (−) to what was before (+):')}
          </div>
          <Diff change={{ before: conflict.mine ?? '', after: conflict.before ?? '' }} />
        </>
      ) : null}
      <div className="jp-AgentHost-reviewButtons">
        <button
          className="jp-Button jp-mod-styled"
          disabled={busy}
          onClick={() => void decide(waits ? 'reject' : verdict, [item], 'mine')}
        >
          {trans.__('Keep mine')}
        </button>
        <button
          className="jp-Button jp-mod-styled"
          disabled={busy}
          onClick={() => void decide(verdict, [item], 'before')}
        >
          {waits ? trans.__('Take the agent’s') : trans.__('Go back to before')}
        </button>
      </div>
    </div>
  );
}
