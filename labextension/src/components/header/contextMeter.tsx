/** How full the agent's context window is; a click asks the agent what fills it. */
import React, { useEffect, useState } from 'react';
import { fullness, percent, share, tokens } from '../../text/numberFormat';
import type { IAgent } from '../../tokens';
import type { ContextUse, NotebookInfo } from '../../server/wire';
import { useSurroundings } from '../surroundings';
import { usePanelContext } from '../panelContext';

/** The agent counts what is left, too; the figure above tells it. */
const FREE = 'Free space';

export function ContextMeter(props: { agent: IAgent; info: NotebookInfo }): JSX.Element {
  const { trans } = useSurroundings();
  const { api } = usePanelContext();
  const { info } = props;
  const [use, setUse] = useState<ContextUse | null>(null);
  const [open, setOpen] = useState(false);
  const used = use?.live ? use.tokens : info.contextTokens;
  const whole = use?.live ? use.window : info.contextWindow;
  const part = share(used, whole);
  const words = trans.__('%1 of %2 tokens', tokens(used), tokens(whole));

  // What was counted holds until something more is said.
  useEffect(() => setUse(null), [info.sessionId, info.contextTokens]);

  const ask = async (): Promise<void> => {
    setOpen(!open);
    if (!open) {
      try {
        setUse(await api.call(info.notebookId, 'context'));
      } catch (error) {
        console.warn('agent: the context could not be counted', error);
      }
    }
  };

  return (
    <div className="jp-AgentHost-context">
      <button
        type="button"
        className="jp-AgentHost-meterButton"
        aria-expanded={open}
        title={trans.__("How full the agent's context window is; click for what fills it")}
        onClick={() => void ask()}
      >
        <span
          className="jp-AgentHost-meter"
          role="meter"
          aria-label={trans.__('Context window')}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round(part * 100)}
          aria-valuetext={words}
          data-fullness={fullness(part)}
        >
          <span style={{ width: `${Math.round(part * 100)}%` }} />
        </span>
        <span className="jp-AgentHost-meterWords">{trans.__('Context %1 of %2', percent(part), tokens(whole))}</span>
      </button>
      {open ? <Parts use={use} words={words} /> : null}
    </div>
  );
}

function Parts(props: { use: ContextUse | null; words: string }): JSX.Element {
  const { trans } = useSurroundings();
  const { use } = props;
  return (
    <div className="jp-AgentHost-contextParts">
      <div>{props.words}</div>
      {use === null ? (
        <div>{trans.__('Counting…')}</div>
      ) : !use.live ? (
        <div>{trans.__('As the last turn told. While a sandbox is idle, the agent can count what fills it.')}</div>
      ) : (
        <dl>
          {use.parts
            .filter(part => part.tokens > 0 && part.name !== FREE)
            .map(part => (
              <React.Fragment key={part.name}>
                <dt>{part.name}</dt>
                <dd>{tokens(part.tokens)}</dd>
              </React.Fragment>
            ))}
        </dl>
      )}
      {use?.compactsAt ? (
        <div>{trans.__('At %1 tokens the agent sums the conversation up.', tokens(use.compactsAt))}</div>
      ) : null}
    </div>
  );
}
