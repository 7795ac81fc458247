/** All agents of this server in a table. */
import { PathExt } from '@jupyterlab/coreutils';
import { UseSignal } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { AgentList, AgentRow } from '../session/agentList';
import { duration, hasSandbox, memory } from '../text/numberFormat';
import type { NotebookInfo } from '../server/wire';
import { money, placeWords, stateWord } from '../text/labels';

export interface AgentTableProps {
  list: AgentList;
  trans: TranslationBundle;
  open: (path: string) => void;
  logs: (info: NotebookInfo) => void;
}

export function AgentTable(props: AgentTableProps): JSX.Element {
  const { list, trans } = props;
  return (
    <UseSignal signal={list.changed}>
      {() => (
        <div className="jp-AgentHost-agents">
          <h2>{trans.__('Agents of this server')}</h2>
          <p className="jp-AgentHost-hint">
            {trans.__('Every notebook has an agent of its own. Costs are estimates from list prices.')}
          </p>
          {list.error ? (
            <div className="jp-AgentHost-notice" data-level="error" role="alert">
              {list.error}
            </div>
          ) : null}
          {!list.loaded ? (
            <div className="jp-AgentHost-empty">{trans.__('Asking the server…')}</div>
          ) : list.rows.length === 0 ? (
            <div className="jp-AgentHost-empty">{trans.__('No notebook of this server has an agent yet.')}</div>
          ) : (
            <Table {...props} />
          )}
        </div>
      )}
    </UseSignal>
  );
}

function Table(props: AgentTableProps): JSX.Element {
  const { list, trans } = props;
  const heads = [
    trans.__('Notebook'),
    trans.__('State'),
    trans.__('CPU'),
    trans.__('Memory'),
    trans.__('Age'),
    trans.__('Cost'),
    trans.__('Actions')
  ];
  return (
    <table className="jp-AgentHost-agentTable">
      <thead>
        <tr>
          {heads.map(head => (
            <th key={head} scope="col">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {list.rows.map(row => (
          <Row key={row.info.notebookId} row={row} {...props} />
        ))}
      </tbody>
    </table>
  );
}

function Row(props: AgentTableProps & { row: AgentRow }): JSX.Element {
  const { list, trans, open, logs, row } = props;
  const { info } = row;
  const name = PathExt.basename(info.path);
  const running = hasSandbox(info);
  const asks = info.pendingPermissions.length > 0;
  return (
    <tr>
      <th scope="row">
        <button className="jp-AgentHost-linkButton" title={info.path} onClick={() => open(info.path)}>
          {info.path || trans.__('unsaved notebook')}
        </button>
        <div className="jp-AgentHost-hint">{placeWords(trans, info)}</div>
      </th>
      <td>
        <span className="jp-AgentHost-state" data-state={asks ? 'asking' : info.state}>
          <span className="jp-AgentHost-dot" aria-hidden="true" />
          {asks ? trans.__('waits for you') : stateWord(trans, info.state)}
        </span>
      </td>
      <td>{cpuWords(row)}</td>
      <td title={info.memLimitBytes ? trans.__('of %1', memory(info.memLimitBytes)) : ''}>
        {running && info.memBytes !== null ? memory(info.memBytes) : '–'}
      </td>
      <td>{info.sandboxStarted === null ? '–' : duration(info.measured - info.sandboxStarted)}</td>
      <td>{money(info.costUsd)}</td>
      <td>
        <div className="jp-AgentHost-agentActions">
          <button
            className="jp-AgentHost-smallButton"
            disabled={!running}
            aria-label={trans.__('Log of %1', name)}
            onClick={() => logs(info)}
          >
            {trans.__('Log')}
          </button>
          <button
            className="jp-AgentHost-smallButton"
            disabled={!running}
            aria-label={trans.__('Stop the sandbox of %1', name)}
            onClick={() => void list.stop(info.notebookId)}
          >
            {trans.__('Stop')}
          </button>
        </div>
      </td>
    </tr>
  );
}

/** Share of the processor time that the sandbox may use. */
export function cpuWords(row: AgentRow): string {
  return row.cores === null ? '–' : `${Math.round(row.cores * 100)} %`;
}
