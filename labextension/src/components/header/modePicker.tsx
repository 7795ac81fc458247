/** What the agent must ask for inside its sandbox. */
import React from 'react';
import type { IAgent } from '../../tokens';
import type { NotebookInfo, PermissionMode } from '../../server/wire';
import { MODES, modeWord } from '../../text/labels';
import { useSurroundings } from '../surroundings';

export function ModePicker(props: { agent: IAgent; info: NotebookInfo }): JSX.Element {
  const { trans } = useSurroundings();
  const { agent, info } = props;
  return (
    <select
      className="jp-AgentHost-select"
      value={info.permissionMode}
      aria-label={trans.__('Permission mode')}
      title={trans.__('What the agent must ask for inside its sandbox, from the next prompt on')}
      onChange={event => void agent.setMode(event.target.value as PermissionMode)}
    >
      {MODES.map(mode => (
        <option key={mode} value={mode}>
          {modeWord(trans, mode)}
        </option>
      ))}
    </select>
  );
}
