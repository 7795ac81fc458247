/** What is true of the agent now: session, sandbox, model, mode, context, cost. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { addIcon, historyIcon } from '@jupyterlab/ui-components';
import React from 'react';
import { reachIcon } from '../../text/icons';
import { CommandIds } from '../../text/commandIds';
import type { IAgent } from '../../tokens';
import type { NotebookInfo } from '../../server/wire';
import { money, placeWords, stateWord } from '../../text/labels';
import { ContextMeter } from './contextMeter';
import { useSurroundings } from '../surroundings';
import { usePanelContext } from '../panelContext';
import { IconButton } from '../common/iconButton';
import { Pickers } from './pickers';
import { SessionMenu } from './sessionMenu';
import { SessionTitle } from './sessionTitle';

export function Header(props: { agent: IAgent }): JSX.Element | null {
  const { trans } = useSurroundings();
  const { commands, view, show } = usePanelContext();
  const { agent } = props;
  const info = agent.info;
  if (info === null) {
    return null;
  }
  const ours = !agent.isForeign;
  return (
    <header className="jp-AgentHost-header">
      <div className="jp-AgentHost-headline">
        <SessionTitle agent={agent} info={info} />
        <span className="jp-AgentHost-tools" role="toolbar" aria-label={trans.__('Session')}>
          {ours ? (
            <>
              <IconButton
                icon={historyIcon}
                label={trans.__('History')}
                pressed={view === 'history'}
                onClick={() => show(view === 'history' ? 'conversation' : 'history')}
              />
              <IconButton
                icon={reachIcon}
                label={trans.__('Network and MCP servers')}
                pressed={view === 'reach'}
                onClick={() => show(view === 'reach' ? 'conversation' : 'reach')}
              />
              <IconButton
                icon={addIcon}
                label={trans.__('New session')}
                onClick={() => {
                  show('conversation');
                  void commands.execute(CommandIds.newSession);
                }}
              />
            </>
          ) : null}
          <SessionMenu />
        </span>
      </div>
      <Place agent={agent} info={info} />
      {ours ? <Pickers agent={agent} info={info} /> : null}
      <div className="jp-AgentHost-figures">
        <ContextMeter agent={agent} info={info} />
        <Cost info={info} />
      </div>
    </header>
  );
}

/** What the agent sees, in a sentence that also says how to choose another folder. */
function seen(trans: TranslationBundle, info: NotebookInfo): string {
  const what = info.workspaceRestricted
    ? trans.__('The agent sees the plain files in %1.', info.workspaceFolder)
    : trans.__('The agent sees %1.', info.workspaceFolder);
  return `${what} ${trans.__('Choose another folder with %agent folder PATH in a cell.')}`;
}

function lastName(path: string): string {
  return path.split('/').filter(Boolean).pop() ?? path;
}

/** The sandbox: its state, and where it runs, so that nobody is mistaken about what holds the agent back. */
function Place(props: { agent: IAgent; info: NotebookInfo }): JSX.Element {
  const { trans } = useSurroundings();
  const { agent, info } = props;
  const place = placeWords(trans, info);
  const notes = [...info.isolationNotes, info.workspaceNote, info.savedProblem].filter(note => note);
  return (
    <div className="jp-AgentHost-placeRow">
      <span className="jp-AgentHost-state" data-state={info.state} aria-live="polite">
        <span className="jp-AgentHost-dot" aria-hidden="true" />
        {stateWord(trans, info.state)}
      </span>
      {place ? (
        <span className="jp-AgentHost-place" data-level={info.isolationLevel} title={notes.join('\n')}>
          {place}
        </span>
      ) : null}
      {info.workspaceFolder ? (
        <span className="jp-AgentHost-chip" title={[seen(trans, info), info.workspaceNote].filter(Boolean).join('\n')}>
          {info.workspaceRestricted ? trans.__('sees plain files only') : trans.__('sees %1', lastName(info.workspaceFolder))}
        </span>
      ) : null}
      {info.hiddenFiles.length > 0 ? (
        <span className="jp-AgentHost-chip" title={info.hiddenFiles.join('\n')}>
          {trans._n('%1 file hidden from the agent', '%1 files hidden from the agent', info.hiddenFiles.length)}
        </span>
      ) : null}
      {info.scriptedModel ? (
        <span className="jp-AgentHost-chip" title={trans.__('A script plays the model: demos and tests')}>
          {trans.__('scripted model, not a real one')}
        </span>
      ) : null}
      {agent.connected ? null : (
        <span className="jp-AgentHost-offline" role="alert">
          {trans.__('Connection lost, trying again…')}
          <button className="jp-AgentHost-textButton" onClick={() => void agent.refresh()}>
            {trans.__('Try now')}
          </button>
        </span>
      )}
    </div>
  );
}

function Cost(props: { info: NotebookInfo }): JSX.Element {
  const { trans } = useSurroundings();
  const { info } = props;
  const whole =
    info.budgetUsd === null
      ? trans.__('notebook %1', money(info.costUsd))
      : trans.__('notebook %1 of %2', money(info.costUsd), money(info.budgetUsd));
  return (
    <span
      className="jp-AgentHost-cost"
      title={trans.__("Estimated from list prices: what the last turn and this notebook's agent cost so far")}
    >
      {trans.__('Estimate: turn %1 · %2', money(info.turnCostUsd), whole)}
    </span>
  );
}
