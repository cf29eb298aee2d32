import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@backlot/contract/clock';
import { ExitFile, RunnerFile } from '@backlot/contract/runner/files';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { readLog, readSegments } from '../logs/log-reader.ts';
import { endTree } from '../processes/end-tree.ts';
import { allocationMark, nodeMark } from '../processes/marks.ts';
import type { DriverHandle, StartSpec } from './driver.ts';
import { type Machine, openMachine } from './machine.ts';

const base = mkdtempSync(join(tmpdir(), 'backlot-chaos-'));
const patienceMs = 30_000;
let machine: Machine;
let tmpfs: string | undefined;

beforeAll(async () => {
  machine = await openMachine({ dataDir: base, clock: systemClock });
});
afterEach(async () => {
  const { table, owner } = machine;
  const strays = (await table.withMark(await table.list(), nodeMark, owner)).filter(
    ({ state }) => state !== 'zombie',
  );
  await endTree(table, systemClock, { roots: strays }, { graceMs: 0 });
  if (tmpfs) execFileSync('umount', ['-l', tmpfs]);
  tmpfs = undefined;
  for (const group of machine.limits.existing())
    await machine.driver.destroy({ driver: 'process', id: group.name, folder: join(base, group.name) });
  expect(machine.limits.existing()).toEqual([]);
});
afterAll(() => {
  machine.close();
  rmSync(base, { recursive: true, force: true });
});

async function start(
  script: string,
  more: Partial<StartSpec> & { folder?: string } = {},
): Promise<DriverHandle> {
  const id = randomUUID();
  const folder = more.folder ?? join(base, id);
  mkdirSync(join(folder, 'work'), { recursive: true });
  return await machine.driver.start(
    {
      id,
      launch: { argv: ['/bin/sh', '-c', script] },
      workDir: join(folder, 'work'),
      readOnly: [],
      ...more,
      limits: { stopGraceMs: 1_000, pids: 100, ...more.limits },
    },
    folder,
  );
}
const end = (handle: DriverHandle) => machine.driver.wait(handle, AbortSignal.timeout(patienceMs));
const runnerOf = (handle: DriverHandle) =>
  RunnerFile.parse(JSON.parse(readFileSync(join(handle.folder, 'runner.json'), 'utf8')));
const kill = (pid: number) => process.kill(pid, 'SIGKILL');
async function processesOf(handle: DriverHandle) {
  const { table } = machine;
  const marked = await table.withMark(await table.list(), allocationMark, handle.id);
  return marked.filter(({ state }) => state !== 'zombie');
}
async function hasSaid(handle: DriverHandle, word: string): Promise<void> {
  await vi.waitFor(
    async () =>
      expect((await readLog(join(handle.folder, 'logs'), 'stdout', 0, 1e6)).bytes.toString()).toContain(word),
    { timeout: patienceMs, interval: 20 },
  );
}

describe.runIf(process.platform === 'linux')('when the runner is killed', () => {
  it('its child dies with it, the end is told, and told the same to the next agent', async () => {
    const handle = await start('echo up; sleep 300 & setsid sleep 300 & wait');
    await hasSaid(handle, 'up');
    const waiting = end(handle);
    kill(runnerOf(handle).runner.pid);
    const exit = await waiting;
    expect(exit).toMatchObject({ cause: 'runner-lost', code: null, signal: null });
    expect(await processesOf(handle)).toEqual([]);
    const next = (await openMachine({ dataDir: base, clock: systemClock })).driver;
    expect(await next.recover(handle)).toBe('ended');
    expect((await next.wait(handle, AbortSignal.timeout(patienceMs))).endedAt).toBe(exit.endedAt);
  });

  it('nothing of a frozen tree is left either', async () => {
    const handle = await start('echo up; sleep 300 & wait');
    await hasSaid(handle, 'up');
    await machine.driver.freeze(handle);
    kill(runnerOf(handle).runner.pid);
    expect((await end(handle)).cause).toBe('runner-lost');
    expect(await processesOf(handle)).toEqual([]);
  });

  it('nothing of a sandbox is left either', async (context) => {
    if (!machine.driver.features.sandbox) return context.skip();
    const handle = await start('', {
      launch: { argv: ['/bin/sh', '-c', 'echo up; setsid sleep 300 & wait'], sandbox: { network: 'none' } },
    });
    await hasSaid(handle, 'up');
    kill(runnerOf(handle).runner.pid);
    expect((await end(handle)).cause).toBe('runner-lost');
    expect(await processesOf(handle)).toEqual([]);
  });

  it('a daemon that has cleared its environment is found by its control group', async (context) => {
    if (!machine.limits.capability.pids) return context.skip();
    const handle = await start('env -i setsid sh -c "echo \\$\\$; exec sleep 300" & wait');
    await hasSaid(handle, '\n');
    const daemon = Number((await readLog(join(handle.folder, 'logs'), 'stdout', 0, 100)).bytes.toString());
    expect(await machine.table.find(daemon)).toBeDefined();
    kill(runnerOf(handle).runner.pid);
    await end(handle);
    expect(await machine.table.find(daemon)).toBeUndefined();
  });

  it('a fork bomb ends too', async (context) => {
    if (!machine.limits.capability.pids) return context.skip();
    const handle = await start('bomb() { bomb | bomb & }; bomb 2>/dev/null; echo up; sleep 300', {
      limits: { stopGraceMs: 0, pids: 40 },
    });
    await hasSaid(handle, 'up');
    kill(runnerOf(handle).runner.pid);
    expect((await end(handle)).cause).toBe('runner-lost');
    await vi.waitFor(async () => expect(await processesOf(handle)).toEqual([]), patienceMs);
  });

  it('while no agent is there, the next agent ends what is left', async () => {
    const handle = await start('echo up; setsid sleep 300 & wait');
    await hasSaid(handle, 'up');
    kill(runnerOf(handle).runner.pid);
    const next = (await openMachine({ dataDir: base, clock: systemClock })).driver;
    expect(await next.recover(handle)).toBe('ended');
    expect(await processesOf(handle)).toEqual([]);
  });

  it('at any moment, an end is told exactly once and nothing is left', async () => {
    for (let round = 0; round < 12; round += 1) {
      const handle = await start('i=0; while [ $i -lt 5 ]; do echo $i; sleep 0.03; i=$((i+1)); done; exit 3');
      const waiting = end(handle);
      await systemClock.sleep(round * 20);
      const { runner } = runnerOf(handle);
      if (await machine.table.signal(runner, 'SIGKILL'))
        await vi.waitFor(
          async () => expect(await machine.table.find(runner.pid)).toBeUndefined(),
          patienceMs,
        );
      const exit = await waiting;
      expect(exit.cause === 'runner-lost' || exit.code === 3).toBe(true);
      expect(ExitFile.parse(JSON.parse(readFileSync(join(handle.folder, 'exit.json'), 'utf8')))).toEqual(
        exit,
      );
      expect(await processesOf(handle)).toEqual([]);
    }
  });
});

describe.runIf(process.platform === 'linux')('when the child is killed', () => {
  it('the runner tells the signal and ends what the child has left', async () => {
    const handle = await start('setsid sleep 300 & echo up; wait');
    await hasSaid(handle, 'up');
    kill(runnerOf(handle).child?.pid ?? 0);
    expect(await end(handle)).toMatchObject({ cause: 'exited', signal: 'SIGKILL', leftBehind: 1 });
    expect(await processesOf(handle)).toEqual([]);
  });
});

describe.runIf(process.platform === 'linux')('when the agent is killed', () => {
  it('while it starts an allocation, the next agent finds it running or knows that it never ran', async () => {
    const agent = join(base, 'agent.mts');
    const url = (path: string) => new URL(path, import.meta.url).href;
    writeFileSync(
      agent,
      `import { systemClock } from '${url('../../../contract/src/clock.ts')}';
       import { openMachine } from '${url('./machine.ts')}';
       const [dataDir, id, folder] = process.argv.slice(2);
       const machine = await openMachine({ dataDir, clock: systemClock });
       console.log('opened');
       await machine.driver.start({ id, launch: { argv: ['/bin/sh', '-c', 'echo ran >> ran; exec sleep 300'] },
         workDir: folder + '/work', readOnly: [], limits: { stopGraceMs: 100 } }, folder);
       await new Promise((resolve) => setTimeout(resolve, 60_000));`,
    );
    const seen = new Set<string>();
    for (const delay of [0, 15, 30, 45, 60, 80, 120, 200]) {
      const id = randomUUID();
      const folder = join(base, id);
      mkdirSync(join(folder, 'work'), { recursive: true });
      const child = spawn(process.execPath, [agent, base, id, folder], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await new Promise((resolve) => child.stdout.once('data', resolve));
      await systemClock.sleep(delay);
      child.kill('SIGKILL');
      const handle = machine.driver.handleOf(id, folder);
      let recovery = await machine.driver.recover(handle);
      if (recovery === 'never-started') {
        // The runner itself may just have been started; its child runs once at most whoever starts it.
        await machine.driver.start(
          {
            id,
            launch: { argv: ['/bin/sh', '-c', 'echo ran >> ran; exec sleep 300'] },
            workDir: join(folder, 'work'),
            readOnly: [],
            limits: { stopGraceMs: 100 },
          },
          folder,
        );
        recovery = await machine.driver.recover(handle);
      }
      seen.add(recovery);
      await vi.waitFor(
        () => expect(readFileSync(join(folder, 'work', 'ran'), 'utf8')).toBe('ran\n'),
        patienceMs,
      );
      await vi.waitFor(async () => {
        await machine.driver.stop(handle, 0);
      }, patienceMs);
      expect((await end(handle)).cause).toBe('stopped');
      expect(await processesOf(handle)).toEqual([]);
    }
    expect(seen).toContain('running');
  });
});

describe.runIf(process.platform === 'linux')('when a process floods its log', () => {
  it('500 MB end as what the cap allows, with beginning and end', async () => {
    const logs = { segmentBytes: 1024 * 1024, totalBytes: 4 * 1024 * 1024 };
    const handle = await start('echo first; head -c 500000000 /dev/zero; echo last', { logs });
    const exit = await end(handle);
    expect(exit).toMatchObject({ cause: 'exited', code: 0, output: { stdout: 500_000_011, dropped: 0 } });
    const segments = await readSegments(join(handle.folder, 'logs'), 'stdout');
    expect(segments.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(logs.totalBytes);
    expect((await readLog(join(handle.folder, 'logs'), 'stdout', 0, 6)).bytes.toString()).toBe('first\n');
    expect((await readLog(join(handle.folder, 'logs'), 'stdout', 500_000_006, 100)).bytes.toString()).toBe(
      'last\n',
    );
  });

  it('a runner stays small', async () => {
    const handle = await start('echo up; while :; do head -c 50000000 /dev/zero; done');
    await hasSaid(handle, 'up');
    await vi.waitFor(
      async () => expect((await machine.driver.stats(handle)).stdout).toBeGreaterThan(400_000_000),
      patienceMs,
    );
    const runner = await machine.table.find(runnerOf(handle).runner.pid);
    expect(runner?.memory).toBeLessThan(150 * 1024 * 1024);
    await machine.driver.stop(handle, 0);
    await end(handle);
  });
});

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'when the disk of the log is full',
  () => {
    /** A file system of 2 MiB; nothing where mounting is not allowed. */
    function mountSmall(): string | undefined {
      const small = mkdtempSync(join(base, 'small-'));
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', small], { stdio: 'ignore' });
      } catch {
        return undefined;
      }
      tmpfs = small;
      mkdirSync(join(small, 'a', 'work'), { recursive: true });
      return join(small, 'a');
    }
    const keptIn = (folder: string) =>
      readdirSync(join(folder, 'logs')).reduce(
        (sum, name) => sum + statSync(join(folder, 'logs', name)).size,
        0,
      );

    it('the process goes on, its end is told, and what was lost is counted', async (context) => {
      const folder = mountSmall();
      if (!folder) return context.skip();
      const handle = await start('head -c 20000000 /dev/zero; echo done >&2; exit 2', { folder });
      const exit = await end(handle);
      expect(exit).toMatchObject({ cause: 'exited', code: 2, output: { stdout: 20_000_000 } });
      expect(exit.output.dropped).toBeGreaterThan(17_000_000);
      expect(exit.output.dropped + keptIn(folder)).toBe(20_000_005);
      await machine.driver.destroy(handle);
    });

    it('the end of a killed runner is told all the same', async (context) => {
      const folder = mountSmall();
      if (!folder) return context.skip();
      const handle = await start('head -c 4000000 /dev/zero; sleep 300', { folder });
      await vi.waitFor(
        async () => expect((await machine.driver.stats(handle)).stdout).toBe(4_000_000),
        patienceMs,
      );
      expect(() => writeFileSync(join(folder, 'more'), Buffer.alloc(1_000_000))).toThrow(/ENOSPC/);
      kill(runnerOf(handle).runner.pid);
      expect((await end(handle)).cause).toBe('runner-lost');
      await machine.driver.destroy(handle);
    });
  },
);
