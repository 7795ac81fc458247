/** What the agent must ask for when it would edit cells or run code in the notebook. */
import React from 'react';
import type { IAgent } from '../../tokens';
import type { NotebookInfo, NotebookMode } from '../../server/wire';
import { NOTEBOOK_MODES, notebookModeWord } from '../../text/labels';
import { useSurroundings } from '../surroundings';

export function NotebookModePicker(props: { agent: IAgent; info: NotebookInfo }): JSX.Element {
  const { trans } = useSurroundings();
  const { agent, info } = props;
  return (
    <select
      className="jp-AgentHost-select"
      value={info.notebookMode}
      aria-label={trans.__('Cells and kernel')}
      title={trans.__('What the agent must ask for when it edits cells or runs code in your kernel')}
      onChange={event => void agent.setNotebookMode(event.target.value as NotebookMode)}
    >
      {NOTEBOOK_MODES.map(mode => (
        <option key={mode} value={mode}>
          {notebookModeWord(trans, mode)}
        </option>
      ))}
    </select>
  );
}
