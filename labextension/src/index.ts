/** The plugins of this extension. */
import { agentList } from './plugins/agentList';
import { agents } from './plugins/agents';
import { commands } from './plugins/launcherCommands';
import { complete } from './plugins/finishCellTurn';
import { edits } from './plugins/notebookEdits';
import { envelope } from './plugins/saveEnvelope';
import { output } from './plugins/turnOutput';
import { panel } from './plugins/panel';
import { provenance } from './plugins/cellProvenance';
import { shared } from './plugins/sharedServices';
import { status } from './plugins/statusBar';

export * from './tokens';

export default [shared, agents, panel, output, complete, envelope, edits, commands, agentList, status, provenance];
