/** What is true of the agent now: session, sandbox, model, mode, cost. */
import { InputDialog, showDialog, Dialog } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import React from 'react';
import type { IAgent } from '../tokens';
import type { PermissionMode } from '../wire';
import { MODES, modeWord, money, placeWords, stateWord } from '../words';
import { useSurroundings } from './context';

export function Header(props: { agent: IAgent }): JSX.Element | null {
  const { trans } = useSurroundings();
  const { agent } = props;
  const info = agent.info;
  if (info === null) {
    return null;
  }
  const place = placeWords(trans, info);
  const askModel = async (): Promise<void> => {
    const answer = await InputDialog.getText({
      title: trans.__('Model of this notebook'),
      label: trans.__("Empty: the server's default"),
      text: info.model
    });
    if (answer.button.accept) {
      await agent.setModel((answer.value ?? '').trim());
    }
  };
  return (
    <header className="jp-AgentHost-header">
      <div className="jp-AgentHost-row">
        <span className="jp-AgentHost-title" title={info.path}>
          {PathExt.basename(info.path) || trans.__('Agent')}
        </span>
        <Menu agent={agent} />
      </div>
      <div className="jp-AgentHost-row" aria-live="polite">
        <span className="jp-AgentHost-state" data-state={info.state}>
          <span className="jp-AgentHost-dot" aria-hidden="true" />
          {stateWord(trans, info.state)}
        </span>
        {place ? (
          <span
            className="jp-AgentHost-place"
            data-level={info.isolationLevel}
            title={[...info.isolationNotes, info.workspaceNote].join('\n')}
          >
            {place}
          </span>
        ) : null}
        {agent.connected ? null : (
          <span className="jp-AgentHost-offline">
            {trans.__('Connection lost, trying again…')}
            <button className="jp-AgentHost-textButton" onClick={() => void agent.refresh()}>
              {trans.__('Try now')}
            </button>
          </span>
        )}
      </div>
      <div className="jp-AgentHost-row jp-AgentHost-picks">
        <button className="jp-AgentHost-textButton" title={trans.__('Choose another model')} onClick={() => void askModel()}>
          {info.scriptedModel ? trans.__('scripted model, not a real one') : info.model || trans.__('default model')}
        </button>
        <select
          className="jp-AgentHost-select"
          value={info.permissionMode}
          aria-label={trans.__('Permission mode')}
          onChange={event => void agent.setMode(event.target.value as PermissionMode)}
        >
          {MODES.map(mode => (
            <option key={mode} value={mode}>
              {modeWord(trans, mode)}
            </option>
          ))}
        </select>
        <span className="jp-AgentHost-cost" title={trans.__('Estimated by the SDK from list prices')}>
          {info.budgetUsd === null
            ? trans.__('about %1 (estimate)', money(info.costUsd))
            : trans.__('about %1 of %2 (estimate)', money(info.costUsd), money(info.budgetUsd))}
        </span>
      </div>
    </header>
  );
}

function Menu(props: { agent: IAgent }): JSX.Element {
  const { trans } = useSurroundings();
  const { agent } = props;
  const reset = async (): Promise<void> => {
    const answer = await showDialog({
      title: trans.__('Start a new session?'),
      body: trans.__('The next prompt begins a conversation that knows nothing of this one.'),
      buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Start anew') })]
    });
    if (answer.button.accept) {
      await agent.verb('reset');
    }
  };
  return (
    <span className="jp-AgentHost-menu" role="toolbar" aria-label={trans.__('Session')}>
      <button className="jp-AgentHost-textButton" title={trans.__('Start a new session')} onClick={() => void reset()}>
        {trans.__('New')}
      </button>
      <button
        className="jp-AgentHost-textButton"
        title={trans.__('Go on in a copy of this session')}
        onClick={() => void agent.verb('fork')}
      >
        {trans.__('Fork')}
      </button>
      <button
        className="jp-AgentHost-textButton"
        title={trans.__('Stop the sandbox; the session stays')}
        onClick={() => void agent.verb('stop')}
      >
        {trans.__('Stop sandbox')}
      </button>
    </span>
  );
}
