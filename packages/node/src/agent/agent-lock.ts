import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { linkErrors } from '@backlot/contract/errors/link';
import { ProcessRef } from '@backlot/contract/runner/files';
import { identify, isAlive, type ProcessTable } from '../processes/process-table.ts';

/** Held by the one agent that uses a data folder. */
export interface AgentLock {
  release(): Promise<void>;
}

const TRIES = 5;

/**
 * Takes the lock of a data folder. One that was left by an agent that is gone (whoever has its pid now) is taken over.
 *
 * @throws agent_already_running
 */
export async function takeAgentLock(dataDir: string, table: ProcessTable): Promise<AgentLock> {
  const path = join(dataDir, 'agent.lock');
  const me = await identify(table, process.pid);
  const draft = `${path}.${process.pid}`;
  try {
    await writeFile(draft, JSON.stringify(me ?? { pid: process.pid, start: '' }), { mode: 0o644 });
    for (let tries = 1; ; tries += 1) {
      try {
        // A link appears with its content, and only if there is none yet.
        await link(draft, path);
        return { release: () => rm(path, { force: true }) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || tries >= TRIES) throw error;
      }
      const holder = await readHolder(path);
      if (holder && holder.pid !== process.pid && (await isAlive(table, holder))) {
        throw new BacklotError(linkErrors.agent_already_running, {
          params: { pid: holder.pid, directory: dataDir },
        });
      }
      await rm(path, { force: true });
    }
  } finally {
    await rm(draft, { force: true });
  }
}

async function readHolder(path: string): Promise<ProcessRef | undefined> {
  try {
    return ProcessRef.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
}
