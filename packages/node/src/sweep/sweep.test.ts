import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@backlot/contract/clock';
import { RunnerFile } from '@backlot/contract/runner/files';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { DriverHandle } from '../drivers/driver.ts';
import { type Machine, openMachine } from '../drivers/machine.ts';
import { nodeMark } from '../processes/marks.ts';
import { sweep } from './sweep.ts';

const base = mkdtempSync(join(tmpdir(), 'backlot-sweep-'));
let machine: Machine;

beforeAll(async () => {
  machine = await openMachine({ dataDir: base, clock: systemClock });
});
afterEach(async () => {
  await sweepWith([]);
  // A runner whose work is gone says so and ends by itself.
  await vi.waitFor(async () => expect(await living()).toEqual([]), 20_000);
  expect(machine.limits.existing()).toEqual([]);
});
afterAll(() => {
  machine.close();
  rmSync(base, { recursive: true, force: true });
});

const sweepWith = (live: readonly string[]) =>
  sweep({ ...machine, clock: systemClock, live: () => new Set(live) });
async function living() {
  const marked = await machine.table.withMark(await machine.table.list(), nodeMark, machine.owner);
  return marked.filter(({ state }) => state !== 'zombie').map(({ command }) => command);
}
async function start(script: string): Promise<DriverHandle> {
  const id = randomUUID();
  const folder = join(base, id);
  mkdirSync(join(folder, 'work'), { recursive: true });
  const launch = { argv: ['/bin/sh', '-c', script] as [string, ...string[]] };
  const handle = await machine.driver.start(
    { id, launch, workDir: join(folder, 'work'), readOnly: [], limits: { stopGraceMs: 100 } },
    folder,
  );
  await vi.waitFor(
    async () => expect((await machine.driver.stats(handle)).stdout).toBeGreaterThan(0),
    10_000,
  );
  return handle;
}

describe.runIf(process.platform === 'linux')('the sweep', () => {
  it('leaves alone what the journal knows', async () => {
    const handle = await start('echo; sleep 300');
    expect(await sweepWith([handle.id])).toEqual({ allocations: [], ended: 0, groups: [], survivors: [] });
    expect(await machine.driver.recover(handle)).toBe('running');
  });

  it('ends an allocation that nobody knows, with its runner, its daemons and its control group', async () => {
    const known = await start('echo; sleep 300');
    const stray = await start('setsid sleep 300 & env -i setsid sleep 300 & echo; wait');
    const report = await sweepWith([known.id]);
    expect(report).toMatchObject({ allocations: [stray.id], survivors: [] });
    expect(report.ended).toBeGreaterThanOrEqual(4);
    expect(await machine.driver.recover(known)).toBe('running');
    if (machine.limits.capability.pids) expect(report.groups).toEqual([stray.id]);
    expect(await machine.driver.recover(stray)).toBe('ended');
  });

  it('ends one whose runner was killed and that is frozen', async () => {
    const stray = await start('echo; sleep 300 & wait');
    await machine.driver.freeze(stray);
    const { runner } = RunnerFile.parse(JSON.parse(readFileSync(join(stray.folder, 'runner.json'), 'utf8')));
    process.kill(runner.pid, 'SIGKILL');
    expect((await sweepWith([])).survivors).toEqual([]);
    expect(await living()).toEqual([]);
  });

  it('ends commands of an agent that has died, not those of this one', async () => {
    const abort = new AbortController();
    const mine = machine.run(['/bin/sleep', '300'], { timeoutMs: 60_000, signal: abort.signal });
    mine.catch(() => {});
    const script = join(base, 'agent.mts');
    const url = (path: string) => new URL(path, import.meta.url).href;
    writeFileSync(
      script,
      `import { systemClock } from '${url('../../../contract/src/clock.ts')}';
       import { openMachine } from '${url('../drivers/machine.ts')}';
       const machine = await openMachine({ dataDir: ${JSON.stringify(base)}, clock: systemClock });
       void machine.run(['/bin/sh', '-c', 'setsid sleep 301 & touch ' + process.argv[2] + '; sleep 302'], { timeoutMs: 60_000 });`,
    );
    const begun = join(base, 'begun');
    const agent = spawn(process.execPath, ['--no-warnings', script, begun], { stdio: 'inherit' });
    await vi.waitFor(async () => {
      expect(existsSync(begun)).toBe(true);
      expect((await living()).filter((command) => command === 'sleep')).toHaveLength(3);
    }, 90_000);
    agent.kill('SIGKILL');
    const report = await sweepWith([]);
    expect(report).toMatchObject({ ended: 3, survivors: [] });
    expect(await living()).toEqual(['sleep']);
    abort.abort(new Error('enough'));
    await expect(mine).rejects.toThrow('enough');
  });

  it('removes control groups that a crash has left empty', async () => {
    if (!machine.limits.capability.pids) return;
    machine.limits.create('left', {});
    expect((await sweepWith(['other'])).groups).toEqual(['left']);
  });

  it('does nothing to processes of other nodes', async () => {
    const child = spawn('/bin/sleep', ['300'], {
      env: { [nodeMark]: 'another', BACKLOT_ALLOCATION: 'x' },
      stdio: 'ignore',
    });
    try {
      expect((await sweepWith([])).ended).toBe(0);
      expect(child.exitCode).toBeNull();
    } finally {
      child.kill('SIGKILL');
    }
  });
});
