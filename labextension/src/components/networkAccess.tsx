/** What the agent of this notebook may reach: hosts, places signed in to, MCP servers. */
import React, { useEffect, useState } from 'react';
import type { IAgent, IAgentApi } from '../tokens';
import type { McpReport, NetworkReport, NetworkRule } from '../server/wire';
import { exact } from '../text/labels';
import { useSurroundings } from './surroundings';
import { usePanelContext } from './panelContext';

type NetworkAction = 'list' | 'allow' | 'deny' | 'revoke';
type McpAction = 'list' | 'on' | 'off';

/** Both reports, and the verbs that change them. A failure is kept until something succeeds. */
interface Reach {
  readonly network: NetworkReport | null;
  readonly mcp: McpReport | null;
  readonly error: string;
  readonly busy: boolean;
  changeNetwork(action: NetworkAction, target: string): Promise<boolean>;
  changeMcp(action: McpAction, name: string): Promise<boolean>;
}

function useReach(api: IAgentApi, notebookId: string): Reach {
  const [network, setNetwork] = useState<NetworkReport | null>(null);
  const [mcp, setMcp] = useState<McpReport | null>(null);
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);

  async function attempt(work: () => Promise<void>): Promise<boolean> {
    setBusy(true);
    try {
      await work();
      setError('');
      return true;
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : String(failure));
      return false;
    } finally {
      setBusy(false);
    }
  }

  useEffect(() => {
    let wanted = true;
    void attempt(async () => {
      const found = await Promise.all([api.call(notebookId, 'network'), api.call(notebookId, 'mcp')]);
      if (wanted) {
        setNetwork(found[0]);
        setMcp(found[1]);
      }
    });
    return () => {
      wanted = false;
    };
  }, [api, notebookId]);

  return {
    network,
    mcp,
    error,
    busy,
    changeNetwork: (action, target) =>
      attempt(async () => setNetwork(await api.call(notebookId, 'network', { action, target }))),
    changeMcp: (action, name) => attempt(async () => setMcp(await api.call(notebookId, 'mcp', { action, name })))
  };
}

export function NetworkAccessView(props: { agent: IAgent }): JSX.Element | null {
  const { trans } = useSurroundings();
  const { api, show } = usePanelContext();
  const reach = useReach(api, props.agent.info?.notebookId ?? '');
  return (
    <section className="jp-AgentHost-reach" aria-label={trans.__('Network and MCP servers')} aria-busy={reach.busy}>
      <div className="jp-AgentHost-historyHead">
        <strong>{trans.__('What this agent may reach')}</strong>
        <button className="jp-AgentHost-textButton" onClick={() => show('conversation')}>
          {trans.__('Back to the conversation')}
        </button>
      </div>
      {reach.error ? (
        <div className="jp-AgentHost-notice" data-level="error" role="alert">
          {exact(reach.error)}
        </div>
      ) : null}
      {reach.network ? <Network reach={reach} report={reach.network} /> : null}
      {reach.mcp ? <Servers reach={reach} report={reach.mcp} /> : null}
      {reach.network === null && !reach.error ? (
        <div className="jp-AgentHost-empty">{trans.__('Asking the server…')}</div>
      ) : null}
    </section>
  );
}

function Network(props: { reach: Reach; report: NetworkReport }): JSX.Element {
  const { trans } = useSurroundings();
  const { reach, report } = props;
  const elsewhere = report.locked
    ? trans.__('Everything else is refused. The administrator locked this: a notebook can only narrow it.')
    : report.policy === 'ask'
      ? trans.__('For every other public host you are asked.')
      : trans.__('Everything else is refused.');
  return (
    <>
      <h3>{trans.__('Network')}</h3>
      <p className="jp-AgentHost-reachNote">
        {trans.__('The model is always reached. What the agent has seen can be sent to any host that is allowed.')} {elsewhere}
      </p>
      {report.rules.length > 0 ? (
        <ul className="jp-AgentHost-reachList">
          {report.rules.map(rule => (
            <Rule key={`${rule.source} ${rule.rule}`} reach={reach} rule={rule} />
          ))}
        </ul>
      ) : null}
      <NewRule reach={reach} report={report} />
      {report.services.length > 0 ? (
        <p className="jp-AgentHost-reachNote">{trans.__('Signed in to by the server: %1.', report.services.join(', '))}</p>
      ) : null}
    </>
  );
}

function Rule(props: { reach: Reach; rule: NetworkRule }): JSX.Element {
  const { trans } = useSurroundings();
  const { reach, rule } = props;
  const words = rule.verdict === 'allow' ? trans.__('allowed') : trans.__('denied');
  const source = rule.source === 'server' ? trans.__('by the server') : trans.__('in this notebook');
  return (
    <li className="jp-AgentHost-reachRow" data-verdict={rule.verdict}>
      <code>{exact(rule.rule)}</code>
      <span className="jp-AgentHost-reachNote">
        {words} {source}
        {rule.counts ? '' : ` · ${trans.__('void, since the policy is locked')}`}
      </span>
      {rule.source === 'notebook' ? (
        <button
          className="jp-AgentHost-textButton"
          disabled={reach.busy}
          aria-label={trans.__('Remove the rule %1', rule.rule)}
          onClick={() => void reach.changeNetwork('revoke', rule.rule)}
        >
          {trans.__('Remove')}
        </button>
      ) : null}
    </li>
  );
}

function NewRule(props: { reach: Reach; report: NetworkReport }): JSX.Element {
  const { trans } = useSurroundings();
  const { reach, report } = props;
  const [text, setText] = useState('');
  const add = (action: NetworkAction): void => {
    void reach.changeNetwork(action, text.trim()).then(done => done && setText(''));
  };
  return (
    <form
      className="jp-AgentHost-reachRow"
      onSubmit={event => {
        event.preventDefault();
        add(report.locked ? 'deny' : 'allow');
      }}
    >
      <input
        className="jp-AgentHost-input"
        list="jp-AgentHost-presets"
        value={text}
        placeholder={trans.__('Host, *.example.org, or a preset')}
        aria-label={trans.__('Host or preset')}
        onChange={event => setText(event.target.value)}
      />
      <datalist id="jp-AgentHost-presets">
        {report.presets.map(preset => (
          <option key={preset} value={preset} />
        ))}
      </datalist>
      <button
        type="button"
        className="jp-Button jp-mod-styled jp-mod-accept"
        disabled={reach.busy || report.locked || text.trim() === ''}
        title={report.locked ? trans.__('The administrator locked this') : undefined}
        onClick={() => add('allow')}
      >
        {trans.__('Allow')}
      </button>
      <button
        type="button"
        className="jp-Button jp-mod-styled jp-mod-reject"
        disabled={reach.busy || text.trim() === ''}
        onClick={() => add('deny')}
      >
        {trans.__('Deny')}
      </button>
    </form>
  );
}

function Servers(props: { reach: Reach; report: McpReport }): JSX.Element {
  const { trans } = useSurroundings();
  const { reach, report } = props;
  return (
    <>
      <h3>{trans.__('MCP servers')}</h3>
      {report.servers.length === 0 ? (
        <p className="jp-AgentHost-reachNote">{trans.__('The administrator set up none.')}</p>
      ) : (
        <ul className="jp-AgentHost-reachList">
          {report.servers.map(server => (
            <li key={server.name}>
              <label className="jp-AgentHost-reachRow">
                <input
                  type="checkbox"
                  role="switch"
                  checked={server.on}
                  disabled={reach.busy}
                  onChange={event => void reach.changeMcp(event.target.checked ? 'on' : 'off', server.name)}
                />
                <code>{exact(server.name)}</code>
                <span className="jp-AgentHost-reachNote">
                  {server.about ? `${exact(server.about)} · ` : ''}
                  {server.runs === 'inside'
                    ? trans.__('runs inside the sandbox')
                    : trans.__('outside; the server signs in with its own credential')}
                </span>
              </label>
            </li>
          ))}
        </ul>
      )}
      {report.message ? (
        <p className="jp-AgentHost-reachNote" role="status">
          {exact(report.message)}
        </p>
      ) : null}
    </>
  );
}
