/** What an edit changes, as a unified diff. */
import { structuredPatch } from 'diff';
import React, { useMemo } from 'react';
import type { Change } from '../../turns/editArguments';
import { exact } from '../../text/labels';
import { useSurroundings } from '../surroundings';
import { LongText } from './longText';

const CONTEXT_LINES = 3;
/** Beyond so many changed lines, what goes and what comes is shown one after the other. */
const MOST_EDITS = 3000;
const SHOWN_LINES = 400;

interface Line {
  sign: ' ' | '+' | '-' | '@';
  text: string;
}

export function Diff(props: { change: Change }): JSX.Element {
  const { trans } = useSurroundings();
  const { before, after } = props.change;
  const lines = useMemo(() => linesOf(before, after), [before, after]);
  const shown = lines.slice(0, SHOWN_LINES);
  const added = lines.filter(line => line.sign === '+').length;
  const removed = lines.filter(line => line.sign === '-').length;
  return (
    <figure className="jp-AgentHost-diff" aria-label={trans.__('Change: %1 lines added, %2 removed', added, removed)}>
      <pre className="jp-AgentHost-pre" tabIndex={0}>
        {shown.map((line, index) => (
          <span key={index} data-sign={line.sign}>
            {`${line.sign === '@' ? '' : line.sign}${line.sign === '@' ? line.text : ` ${exact(line.text)}`}\n`}
          </span>
        ))}
      </pre>
      {shown.length < lines.length ? (
        <details>
          <summary>{trans.__('%1 more lines', lines.length - shown.length)}</summary>
          <LongText
            text={lines
              .slice(SHOWN_LINES)
              .map(line => `${line.sign} ${exact(line.text)}`)
              .join('\n')}
          />
        </details>
      ) : null}
    </figure>
  );
}

function linesOf(before: string, after: string): Line[] {
  const patch = structuredPatch('', '', before, after, '', '', { context: CONTEXT_LINES, maxEditLength: MOST_EDITS });
  if (!patch) {
    return [...whole('-', before), ...whole('+', after)];
  }
  return patch.hunks.flatMap((hunk, index): Line[] => [
    ...(index > 0 || hunk.oldStart > 1
      ? [{ sign: '@' as const, text: `@@ -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} @@` }]
      : []),
    ...hunk.lines.filter(line => !line.startsWith('\\')).map((line): Line => ({ sign: signOf(line), text: line.slice(1) }))
  ]);
}

function signOf(line: string): Line['sign'] {
  return line.startsWith('+') ? '+' : line.startsWith('-') ? '-' : ' ';
}

function whole(sign: '+' | '-', text: string): Line[] {
  return text === '' ? [] : text.split('\n').map(line => ({ sign, text: line }));
}
