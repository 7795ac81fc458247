/** The plugins of this extension. */
import { agentList } from './plugins/agentList';
import { agents } from './plugins/agents';
import { commands } from './plugins/commands';
import { complete } from './plugins/complete';
import { edits } from './plugins/edits';
import { envelope } from './plugins/envelope';
import { output } from './plugins/output';
import { panel } from './plugins/panel';
import { provenance } from './plugins/provenance';
import { shared } from './plugins/shared';
import { status } from './plugins/status';

export * from './tokens';

export default [shared, agents, panel, output, complete, envelope, edits, commands, agentList, status, provenance];
