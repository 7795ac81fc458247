/** Something that a person should know, with a way on where there is one. */
import React from 'react';
import type { IAgent } from '../../tokens';
import type { NoticePart } from '../../turns/turnView';
import { exact } from '../../text/labels';
import { useSurroundings } from '../surroundings';
import { Live } from './liveAgent';

export function NoticeView(props: { part: NoticePart }): JSX.Element {
  const { trans } = useSurroundings();
  const { part } = props;
  const texts: Record<string, string> = {
    unknown_event: trans.__('An event of a newer version is not shown: %1.', exact(part.text).slice(0, 200)),
    files_refused: trans.__('Kept inside the sandbox: %1.', part.text)
  };
  return (
    <div className="jp-AgentHost-notice" data-level={part.level}>
      {texts[part.code] ?? part.text}
      {part.code === 'files_refused' ? <Live>{agent => <Grants agent={agent} paths={part.paths ?? []} />}</Live> : null}
    </div>
  );
}

/** A button for each of these files that still waits for a grant. */
function Grants(props: { agent: IAgent; paths: readonly unknown[] }): JSX.Element | null {
  const { trans } = useSurroundings();
  const { agent } = props;
  const waiting = agent.info?.refusedFiles ?? [];
  const paths = props.paths.filter((path): path is string => typeof path === 'string' && waiting.includes(path));
  if (paths.length === 0) {
    return null;
  }
  return (
    <div className="jp-AgentHost-row">
      {paths.map(path => (
        <button key={path} className="jp-Button jp-mod-styled jp-mod-reject" onClick={() => void agent.grant(path)}>
          {trans.__('Grant %1', exact(path))}
        </button>
      ))}
    </div>
  );
}
