/** What a person sets for the agent: its model, and what it must ask for in its sandbox and in the notebook. */
import React from 'react';
import type { IAgent } from '../../tokens';
import type { NotebookInfo } from '../../server/wire';
import { MODES, modeWord, NOTEBOOK_MODES, notebookModeWord } from '../../text/labels';
import { useSurroundings } from '../surroundings';
import { ModelPicker } from './modelPicker';
import { Picker } from './picker';

export function Pickers(props: { agent: IAgent; info: NotebookInfo }): JSX.Element {
  const { trans } = useSurroundings();
  const { agent, info } = props;
  return (
    <div className="jp-AgentHost-picks">
      <ModelPicker agent={agent} info={info} />
      <Picker
        label={trans.__('Permission mode')}
        title={trans.__('What the agent must ask for inside its sandbox, from the next prompt on')}
        value={info.permissionMode}
        options={MODES.map(mode => ({ value: mode, label: modeWord(trans, mode) }))}
        choose={mode => void agent.setMode(mode)}
      />
      <Picker
        label={trans.__('Cells and kernel')}
        title={trans.__('What the agent must ask for when it edits cells or runs code in your kernel')}
        value={info.notebookMode}
        options={NOTEBOOK_MODES.map(mode => ({ value: mode, label: notebookModeWord(trans, mode) }))}
        choose={mode => void agent.setNotebookMode(mode)}
      />
    </div>
  );
}
