/** Below the text: what can be attached, how to send, and the buttons that send and interrupt. */
import React from 'react';
import { useSurroundings } from '../components/surroundings';
import type { IAgent } from '../tokens';
import { AttachButtons } from './attachButtons';
import type { Attached } from './attachedItems';

export function ActionRow(props: { agent: IAgent; attached: Attached; empty: boolean; send: () => void }): JSX.Element {
  const { trans, enterSends } = useSurroundings();
  const { agent, attached, empty, send } = props;
  return (
    <div className="jp-AgentHost-composerRow">
      <AttachButtons notebook={agent.notebook} take={attached.take} />
      <span className="jp-AgentHost-hint" title={trans.__('“@” mentions cells, variables and files; “/” lists commands')}>
        {enterSends ? trans.__('Shift+Enter: new line') : trans.__('Shift+Enter sends')}
      </span>
      <span className="jp-AgentHost-sendButtons">
        {agent.busy ? (
          <button
            className="jp-Button jp-mod-styled jp-AgentHost-stop"
            title={trans.__('Interrupt the agent (Esc)')}
            onClick={() => void agent.interrupt()}
          >
            {trans.__('Interrupt')}
          </button>
        ) : null}
        <button className="jp-Button jp-mod-styled jp-mod-accept" disabled={empty} onClick={send}>
          {agent.busy ? trans.__('Queue') : trans.__('Send')}
        </button>
      </span>
    </div>
  );
}
