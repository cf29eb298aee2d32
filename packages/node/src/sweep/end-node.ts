import type { Clock } from '@backlot/contract/clock';
import { endTree } from '../processes/end-tree.ts';
import { nodeMark, nodeMarkOf } from '../processes/marks.ts';
import { systemProcessTable } from '../processes/system-process-table.ts';

/** What is killed may have begun something in the moment in which it was listed. */
const LOOKS = 5;

/**
 * Ends everything that a node has started and that is still there, found by its mark: for whoever ends a node whose agent
 * had to be killed, or is not there. An attempt that is ended so has lost its runner, which the next agent finds and tells.
 * @param dataDir of the node, as its agent was told
 * @returns how many processes it found
 */
export async function endNode(dataDir: string, clock: Clock): Promise<number> {
  const table = systemProcessTable();
  let ended = 0;
  for (let look = 0; look < LOOKS; look += 1) {
    const marked = await table.withMark(await table.list(), nodeMark, nodeMarkOf(dataDir));
    const roots = marked.filter(({ pid, state }) => state !== 'zombie' && pid !== process.pid);
    if (roots.length === 0) break;
    ended += (await endTree(table, clock, { roots }, { graceMs: 0 })).found;
  }
  return ended;
}
