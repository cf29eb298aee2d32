import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandOptions } from '@backlot/node/workload';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { countPackets } from './count-packets.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backlot-count-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The time itself is played: nobody waits ten minutes in a test. */
it('a film that takes longer is not said to be empty: nothing is known of it', async () => {
  const path = join(folder, 'film.mkv');
  await writeFile(path, '');
  await truncate(path, 40_000_000_000);
  const asked: CommandOptions[] = [];
  const context = {
    capabilities: [],
    signal: AbortSignal.timeout(60_000),
    workDir: folder,
    async run(_argv: readonly string[], options: CommandOptions) {
      asked.push(options);
      const nothing = Buffer.alloc(0);
      return { code: null, signal: 'SIGKILL', stdout: nothing, stderr: nothing, timedOut: true };
    },
  };
  await expect(countPackets(context, path)).rejects.toMatchObject({
    failure: { class: 'stall', reason: { code: 'recordings.join_slow', params: { seconds: 10_600 } } },
  });
  expect(asked[0]?.timeoutMs).toBe(10_600_000);
});
