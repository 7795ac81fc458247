/** What a question about leaving the sandbox is about: which cells, what changes in them, what would run, what is risky. */
import React from 'react';
import { isBag } from '../../server/readAnswer';
import type { PermissionAsked } from '../../server/wire';
import { exact } from '../../text/labels';
import { useSurroundings } from '../surroundings';
import { LongText } from '../common/longText';

type Bag = Record<string, unknown>;

export function detailsOf(asked: PermissionAsked): Bag {
  return isBag(asked.details) ? asked.details : {};
}

/** A question of the box's own may be remembered always; one about what leaves it only where the server says so. */
export function mayRemember(asked: PermissionAsked): boolean {
  return asked.source !== 'host' || detailsOf(asked).mayRemember === true;
}

export function PermissionDetails(props: { asked: PermissionAsked }): JSX.Element | null {
  const { trans } = useSurroundings();
  const details = detailsOf(props.asked);
  const cells = (Array.isArray(details.cells) ? (details.cells as unknown[]) : []).filter(isBag);
  const risks = (Array.isArray(details.risk) ? (details.risk as unknown[]) : []).filter(risk => typeof risk === 'string');
  return (
    <>
      {risks.length > 0 ? (
        <div className="jp-AgentHost-notice" data-level="warning">
          {trans.__('Look twice: %1', risks.map(exact).join(', '))}
        </div>
      ) : null}
      {cells.map((cell, index) => (
        <div key={index}>
          {typeof cell.position === 'number' ? trans.__('Cell %1', cell.position + 1) : trans.__('A new cell')}{' '}
          <code>{exact(typeof cell.head === 'string' ? cell.head.slice(0, 120) : '')}</code>
        </div>
      ))}
      {typeof details.diff === 'string' && details.diff ? (
        <UnifiedDiff text={details.diff} />
      ) : typeof details.code === 'string' && details.code ? (
        <LongText text={exact(details.code)} />
      ) : null}
    </>
  );
}

function UnifiedDiff(props: { text: string }): JSX.Element {
  return (
    <figure className="jp-AgentHost-diff">
      <LongText text={props.text}>
        {shown =>
          shown.split('\n').map((line, index) => (
            <span key={index} data-sign={line[0] ?? ' '}>
              {`${exact(line)}\n`}
            </span>
          ))
        }
      </LongText>
    </figure>
  );
}
