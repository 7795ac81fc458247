/** Commands that others may run. All but the first two are about the active notebook's agent. */
export const CommandIds = {
  openPanel: 'agent-host:open-panel',
  newNotebook: 'agent-host:new-notebook',
  showAgents: 'agent-host:show-agents',
  showHistory: 'agent-host:show-history',
  interrupt: 'agent-host:interrupt',
  newSession: 'agent-host:new-session',
  forkSession: 'agent-host:fork-session',
  /** Argument `turnId`: the turn after which the copy begins. */
  forkTurn: 'agent-host:fork-turn',
  renameSession: 'agent-host:rename-session',
  resetSession: 'agent-host:reset-session',
  /** From the cell under the menu, or the active one, to the turn that wrote or ran it. */
  showTurn: 'agent-host:show-turn',
  chooseModel: 'agent-host:choose-model',
  stop: 'agent-host:stop',
  showLogs: 'agent-host:show-logs',
  exportMarkdown: 'agent-host:export-markdown',
  exportJsonl: 'agent-host:export-jsonl',
  strip: 'agent-host:strip'
} as const;

export const PANEL_ID = 'jp-agent-host-panel';
export const AGENTS_ID = 'jp-agent-host-agents';
