/** The last failure, or what the last verb answered. */
import React from 'react';
import type { IAgent } from '../tokens';
import { useSurroundings } from './surroundings';

export function Banner(props: { agent: IAgent }): JSX.Element | null {
  const { trans } = useSurroundings();
  const { agent } = props;
  const text = agent.error || agent.message;
  if (!text) {
    return null;
  }
  return (
    <div
      className="jp-AgentHost-notice jp-AgentHost-banner"
      data-level={agent.error ? 'error' : 'info'}
      role={agent.error ? 'alert' : 'status'}
    >
      <span>{text}</span>
      <span className="jp-AgentHost-bannerButtons">
        {agent.error ? (
          <button className="jp-AgentHost-textButton" onClick={() => void agent.refresh()}>
            {trans.__('Try again')}
          </button>
        ) : null}
        <button className="jp-AgentHost-textButton" onClick={() => agent.dismiss()}>
          {trans.__('Dismiss')}
        </button>
      </span>
    </div>
  );
}
