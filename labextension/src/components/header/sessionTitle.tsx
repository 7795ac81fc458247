/** The session's title, changed in place; the notebook's name while there is none. */
import { PathExt } from '@jupyterlab/coreutils';
import { editIcon } from '@jupyterlab/ui-components';
import React, { useState } from 'react';
import type { IAgent } from '../../tokens';
import type { NotebookInfo } from '../../server/wire';
import { useSurroundings } from '../surroundings';
import { usePanelContext } from '../panelContext';
import { IconButton } from '../common/iconButton';

export function SessionTitle(props: { agent: IAgent; info: NotebookInfo }): JSX.Element {
  const { trans } = useSurroundings();
  const { actions } = usePanelContext();
  const { agent, info } = props;
  const [draft, setDraft] = useState<string | null>(null);
  const name = PathExt.basename(info.path) || trans.__('Agent');

  const keep = (): void => {
    if (draft !== null && draft.trim() !== info.title) {
      void actions.title(agent, draft);
    }
    setDraft(null);
  };

  if (draft !== null) {
    return (
      <input
        className="jp-AgentHost-input jp-AgentHost-titleInput"
        value={draft}
        placeholder={name}
        maxLength={200}
        aria-label={trans.__('Title of the session')}
        autoFocus
        onFocus={event => event.target.select()}
        onChange={event => setDraft(event.target.value)}
        onBlur={keep}
        onKeyDown={event => {
          if (event.key === 'Enter') {
            keep();
          } else if (event.key === 'Escape') {
            event.stopPropagation();
            setDraft(null);
          }
        }}
      />
    );
  }
  return (
    <div className="jp-AgentHost-titles">
      <span className="jp-AgentHost-title" title={info.path} onDoubleClick={() => setDraft(info.title)}>
        {info.title || name}
      </span>
      {info.title ? <span className="jp-AgentHost-notebookName">{name}</span> : null}
      <IconButton icon={editIcon} label={trans.__('Rename the session')} onClick={() => setDraft(info.title)} />
    </div>
  );
}
