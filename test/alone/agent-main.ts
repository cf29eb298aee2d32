import { createAgent } from '@backlot/node/agent/agent';
import pino from 'pino';
import { beaconNode } from './beacon.ts';

/** An agent as a process of its own, to be killed. `node agent-main.ts URL FOLDER [TOKEN]` */
const [controlUrl = '', dataDir = '', joinToken = ''] = process.argv.slice(2);
const agent = await createAgent({
  controlUrl,
  dataDir,
  joinToken: joinToken || undefined,
  name: 'node-3',
  workloads: [beaconNode],
  log: pino({ level: process.env.BACKLOT_TEST_LOG ?? 'silent' }),
  alone: { afterMs: 1_000 },
});
process.send?.({ nodeId: agent.nodeId });
process.on('disconnect', () => void agent.close({ work: 'end', graceMs: 2_000 }).then(() => process.exit(0)));
