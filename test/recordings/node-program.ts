import { createAgent } from '@backlot/node/agent/agent';
import pino from 'pino';
import { workloads } from '../../packages/cli/src/workloads.ts';

/**
 * The agent of the product with all of its workloads, as `backlot node` starts it, but alone after less than thirty seconds
 * without a control plane: a test's patience is shorter, and what the node then does is the same.
 * `node node-program.ts URL FOLDER NAME ALONE_AFTER_MS [TOKEN]`
 */
const [controlUrl = '', dataDir = '', name = '', afterMs = '', joinToken = ''] = process.argv.slice(2);
const agent = await createAgent({
  controlUrl,
  dataDir,
  joinToken: joinToken || undefined,
  name,
  workloads: await Promise.all(workloads.map((workload) => workload.node())),
  log: pino({ level: 'info', name: 'node' }),
  alone: { afterMs: Number(afterMs) },
});
process.once('SIGTERM', () => void agent.close({ work: 'end', graceMs: 3_500 }).then(() => process.exit(0)));
