import { LabIcon } from '@jupyterlab/ui-components';

export const agentIcon = new LabIcon({
  name: 'jupyter-agent-host:agent',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">' +
    '<g class="jp-icon3" fill="#616161">' +
    '<path d="M4 5a2 2 0 0 1 2-2h12a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-6l-5 5v-5H6a2 2 0 0 1-2-2zm2 0v9h12V5z"/>' +
    '<circle cx="9.5" cy="9.5" r="1.4"/><circle cx="14.5" cy="9.5" r="1.4"/></g></svg>'
});

/** A globe: what lies outside of the sandbox. */
export const reachIcon = new LabIcon({
  name: 'jupyter-agent-host:reach',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">' +
    '<g fill="none" stroke="#616161" stroke-width="1.8" class="jp-icon3-stroke jp-AgentHost-lines">' +
    '<circle cx="12" cy="12" r="9"/><path d="M3 12h18M12 3c3 3 3.5 6 3.5 9s-.5 6-3.5 9c-3-3-3.5-6-3.5-9s.5-6 3.5-9z"/>' +
    '</g></svg>'
});
