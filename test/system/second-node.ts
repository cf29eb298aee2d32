import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { NodeView } from '@backlot/contract';
import { all } from './jobs.ts';
import { endAll, makeDataDir, type Studio } from './studio.ts';
import { waitUntil } from './wait-until.ts';

/** A further machine of a studio, as an operator adds one: a join token and `backlot node --join`. */
export interface SecondNode {
  readonly nodeId: string;
  readonly agentPid: number;
  readonly dataDir: string;
  close(): Promise<void>;
}

export async function joinNode(
  studio: Studio,
  name: string,
  flavour: 'backlot' | 'tiny' = 'tiny',
): Promise<SecondNode> {
  const entry = resolve(
    import.meta.dirname,
    flavour === 'tiny' ? 'backlot-tiny.mjs' : '../../packages/cli/bin/backlot.mjs',
  );
  const created = await studio.api<{ secret: string }>('POST', '/api/v1/join-tokens', { uses: 1 });
  const dataDir = await makeDataDir();
  const log = openSync(join(dataDir, 'node.log'), 'a');
  const child: ChildProcess = spawn(
    process.execPath,
    [entry, 'node', '--join', studio.url, '--token', created.secret, '--name', name],
    {
      stdio: ['ignore', log, log],
      detached: true,
      env: { PATH: process.env.PATH ?? '', HOME: dataDir, LANG: 'C.UTF-8', BACKLOT_DATA_DIR: dataDir },
    },
  );
  closeSync(log);
  const node = await waitUntil(`the node ${name} is ready`, async () => {
    if (child.exitCode !== null)
      throw new Error(`The agent ended with ${child.exitCode}; see ${dataDir}/node.log`);
    return (await all<NodeView>(studio, '/api/v1/nodes')).find(
      (n) => n.name === name && n.state === 'ready' && n.capabilities.length > 0,
    );
  });
  return {
    nodeId: node.id,
    agentPid: child.pid ?? -1,
    dataDir,
    async close() {
      const ended = new Promise<void>((done) => {
        if (child.exitCode !== null || child.signalCode !== null) done();
        else child.once('exit', () => done());
      });
      child.kill('SIGTERM');
      await Promise.race([ended, new Promise<void>((done) => setTimeout(done, 15_000).unref())]);
      await endAll(dataDir);
      await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
