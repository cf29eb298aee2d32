import { createLog } from '@backlot/control/telemetry/log';
import { createAgent } from '@backlot/node/agent/agent';
import { roomsNode } from '../node/index.ts';

/** An agent with rooms as a process of its own, to be killed. `node agent-program.ts URL FOLDER [TOKEN]` */
const [controlUrl = '', dataDir = '', joinToken = ''] = process.argv.slice(2);

const agent = await createAgent({
  controlUrl,
  dataDir,
  joinToken: joinToken || undefined,
  name: 'victim',
  workloads: [roomsNode],
  log: createLog({ name: 'agent', level: 'silent' }),
});
process.send?.({ nodeId: agent.nodeId });
process.on('disconnect', () => void agent.close({ work: 'end', graceMs: 2_000 }).then(() => process.exit(0)));
