import { spawnSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { submit, tasksOf } from '../system/jobs.ts';
import { processesOf } from '../system/processes.ts';
import { endAll, makeDataDir, type Studio, startStudio } from '../system/studio.ts';
import { waitUntil } from '../system/wait-until.ts';

/** `backlot up` as a supervisor: each of its parts can be killed at any moment, and so can it. */
const entry = join(import.meta.dirname, '../system/backlot-tiny.mjs');
const studios: Studio[] = [];
afterEach(async () => {
  for (const studio of studios.splice(0)) await studio.close();
});

async function start(options: Parameters<typeof startStudio>[0] = {}): Promise<Studio> {
  const studio = await startStudio({ flavour: 'tiny', ...options });
  studios.push(studio);
  await nodeIsReady(studio);
  return studio;
}

interface NodeLine {
  readonly id: string;
  readonly state: string;
}

async function nodes(studio: Studio): Promise<readonly NodeLine[]> {
  return (await studio.api<{ items: readonly NodeLine[] }>('GET', '/api/v1/nodes')).items;
}

function nodeIsReady(studio: Studio): Promise<unknown> {
  return waitUntil('this machine is a ready node', async () =>
    (await nodes(studio)).some((node) => node.state === 'ready'),
  );
}

// Each wait has its own limit below this one.
describe('backlot up', { timeout: 300_000 }, () => {
  it.each(['control', 'agent', 'postgres'] as const)(
    'brings %s back after kill -9, as the same installation',
    async (part) => {
      const studio = await start();
      const before = await nodes(studio);
      const killed = (await studio.pids())[part] ?? 0;
      process.kill(killed, 'SIGKILL');
      await waitUntil(`${part} runs again`, async () => {
        const now = (await studio.pids())[part];
        return now !== undefined && now !== killed;
      });
      await waitUntil('it says that it is ready', async () => (await studio.fetch('/readyz')).ok);
      await nodeIsReady(studio);
      expect(await nodes(studio)).toMatchObject(before.map(({ id }) => ({ id })));
    },
  );

  it('leaves nothing behind when it is asked to end', async () => {
    const studio = await start();
    studios.length = 0;
    expect(await studio.close()).toEqual({ leftovers: [], code: 0 });
  });

  it('leaves nothing behind when its agent can not end what it runs', async () => {
    const studio = await start();
    const { id } = await submit(studio, 'tiny.count', { parts: 2, steps: 900, stepMs: 100 });
    await waitUntil('a part of it runs', async () =>
      (await tasksOf(studio, id)).some(({ key, state }) => key.startsWith('part-') && state === 'running'),
    );
    process.kill((await studio.pids()).agent ?? 0, 'SIGSTOP');
    studios.length = 0;
    expect(await studio.close()).toEqual({ leftovers: [], code: 0 });
  });

  it('leaves the work running where its node is told to keep it', async () => {
    const studio = await start({ env: { BACKLOT_ON_STOP: 'keep' } });
    const { id } = await submit(studio, 'tiny.count', { parts: 2, steps: 900, stepMs: 100 });
    await waitUntil('both parts run', async () => {
      const tasks = await tasksOf(studio, id);
      return tasks.filter(({ key, state }) => key.startsWith('part-') && state === 'running').length === 2;
    });
    studios.length = 0;
    const { leftovers, code } = await studio.close();
    expect(code).toBe(0);
    // A runner and what it runs, for each of them.
    expect(leftovers.length).toBeGreaterThanOrEqual(4);
  });

  it('ends its parts when it is killed itself, and the next one goes on with the same data', async () => {
    const dataDir = await makeDataDir();
    const first = await start({ dataDir, keepData: true });
    const [before] = await nodes(first);
    const { up } = await first.pids();
    process.kill(up, 'SIGKILL');
    studios.length = 0;
    await waitUntil('control and agent have noticed', () =>
      processesOf(dataDir).every(({ command }) => !command.includes('backlot-tiny.mjs')),
    );
    const second = await start({ dataDir, token: first.token });
    const [after] = await nodes(second);
    expect(after?.id).toBe(before?.id);
    expect(await second.output()).toContain('Backlot is ready');
  });

  it('does not start over and over when a part can not start at all', async () => {
    const { code, output } = await upThatFails({
      BACKLOT_DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none',
    });
    expect(code).toBe(6);
    expect(output).toMatch(/✗ The database can’t be reached/);
  });

  it('says in a sentence that its port is taken', async () => {
    const first = await start();
    const { code, output } = await upThatFails({ BACKLOT_PORT: new URL(first.url).port });
    expect(code).toBe(1);
    expect(output).toMatch(/✗ Something already listens on 127\.0\.0\.1:\d+/);
  });
});

/** A start that ends by itself, leaving nothing. */
async function upThatFails(env: Readonly<Record<string, string>>) {
  const dataDir = await makeDataDir();
  try {
    const { status, stdout, stderr } = spawnSync(process.execPath, [entry, 'up'], {
      encoding: 'utf8',
      timeout: 150_000,
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        LANG: 'C.UTF-8',
        BACKLOT_DATA_DIR: dataDir,
        ...env,
      },
    });
    expect(processesOf(dataDir)).toEqual([]);
    return { code: status, output: `${stdout}${stderr}` };
  } finally {
    await endAll(dataDir);
    await rm(dataDir, { recursive: true, force: true });
  }
}
