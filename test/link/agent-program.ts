import { createAgent } from '@backlot/node/agent/agent';
import { tinyNode } from '@backlot/testkit/tiny/index';
import pino from 'pino';

/**
 * An agent as a process of its own, to be killed. `node agent-program.ts URL FOLDER [TOKEN] [STEP]`: with a step it
 * kills itself, as `kill -9` would, right before that step of the first part it runs.
 */
const [controlUrl = '', dataDir = '', joinToken = '', step = ''] = process.argv.slice(2);

const kinds = new Map<string, number>();
const agent = await createAgent({
  controlUrl,
  dataDir,
  joinToken: joinToken || undefined,
  name: 'victim',
  workloads: [tinyNode],
  log: pino({ level: process.env.BACKLOT_TEST_LOG ?? 'silent' }),
  observer(allocation, reached) {
    // Only an allocation that takes some time: the first tasks of a job are over in a moment.
    kinds.set(allocation, (kinds.get(allocation) ?? 0) + 1);
    if (reached === step && kinds.size > 1) process.kill(process.pid, 'SIGKILL');
  },
});
process.send?.({ nodeId: agent.nodeId });
process.on('SIGTERM', () => void agent.close({ work: 'keep' }).then(() => process.exit(0)));
process.on('disconnect', () => void agent.close({ work: 'end', graceMs: 2_000 }).then(() => process.exit(0)));
