import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { systemClock } from '@backlot/contract/clock';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { endTree, findTree } from './end-tree.ts';
import { continueTree, stopTree } from './freeze-tree.ts';
import { LinuxProcessTable } from './linux.ts';
import { allocationMark } from './marks.ts';
import { identify, isAlive } from './process-table.ts';

const table = new LinuxProcessTable();
const marks: string[] = [];

/** Starts a shell script as an allocation's process: own session, marked environment. */
async function start(script: string, env: Record<string, string> = {}) {
  const mark = randomUUID();
  marks.push(mark);
  const child = spawn('/bin/sh', ['-c', script], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: '/usr/bin:/bin', [allocationMark]: mark, ...env },
  });
  const said = new Promise<void>((resolve) => child.stdout?.once('data', () => resolve()));
  const root = await identify(table, child.pid ?? 0);
  if (!root) throw new Error('The test process has ended at once.');
  await said;
  return { root, query: { roots: [root], mark } };
}

afterEach(async () => {
  for (const mark of marks.splice(0)) {
    await endTree(table, systemClock, { roots: [], mark }, { graceMs: 0 });
  }
});

describe.runIf(process.platform === 'linux')('ending a tree', () => {
  it('asks first, and kills nothing that ends when asked', async () => {
    const { root, query } = await start('sleep 60 & echo; wait');
    const report = await endTree(table, systemClock, query, { graceMs: 5_000 });
    expect(report).toEqual({ found: 2, killed: 0, survivors: [] });
    expect(await isAlive(table, root)).toBe(false);
  });

  it('kills what ignores the request', async () => {
    const { query } = await start("trap '' TERM; sleep 60 & echo; while :; do sleep 60; done");
    const report = await endTree(table, systemClock, query, { graceMs: 200 });
    expect(report.killed).toBeGreaterThan(0);
    expect(report.survivors).toEqual([]);
    expect(await findTree(table, query)).toEqual([]);
  });

  it('finds a daemon that has left its group, its session and its parent', async () => {
    const { root, query } = await start("setsid sh -c 'setsid sleep 60 & echo' ; sleep 0.1; exit 0");
    await vi.waitFor(async () => expect(await isAlive(table, root)).toBe(false), 20_000);
    expect((await findTree(table, query)).map(({ command }) => command)).toContain('sleep');
    expect((await endTree(table, systemClock, query, { graceMs: 0 })).survivors).toEqual([]);
    expect(await findTree(table, query)).toEqual([]);
  });

  it('ends processes that were stopped', async () => {
    const { query } = await start('sleep 60 & echo; wait');
    expect(await stopTree(table, systemClock, query)).toBe(true);
    expect((await endTree(table, systemClock, query, { graceMs: 50 })).survivors).toEqual([]);
  });

  it('does nothing to a process whose start time does not fit', async () => {
    const { root, query } = await start('echo; sleep 60');
    const other = { pid: root.pid, start: `${root.start}0` };
    expect(await endTree(table, systemClock, { roots: [other] }, { graceMs: 0 })).toMatchObject({
      found: 0,
      killed: 0,
    });
    expect(await table.signal(other, 'SIGKILL')).toBe(false);
    expect(await isAlive(table, root)).toBe(true);
    await endTree(table, systemClock, query, { graceMs: 0 });
  });
});

describe.runIf(process.platform === 'linux')('stopping a tree in place', () => {
  it('stops all of it, verified, and lets all of it go on', async () => {
    const { query } = await start('sleep 60 & (sleep 60 & echo; wait) & wait');
    expect(await stopTree(table, systemClock, query)).toBe(true);
    expect((await findTree(table, query)).map(({ state }) => state)).toEqual(
      Array(5).fill('stopped').slice(0, 4),
    );
    expect(await continueTree(table, systemClock, query)).toBe(true);
    expect((await findTree(table, query)).every(({ state }) => state === 'running')).toBe(true);
  });
});

describe.runIf(process.platform === 'linux')('the process table', () => {
  it('reads a variable of another process as it was started', async () => {
    const { root } = await start('echo; sleep 60', { GREETING: '你好 = x' });
    expect(await table.environment(root, 'GREETING')).toBe('你好 = x');
    expect(await table.environment(root, 'GREET')).toBeUndefined();
  });

  it('does not count a zombie as alive', async () => {
    // The parent execs into sleep, which never waits for the child that it inherited; a shell would, so it ends only then.
    const { root } = await start(
      '(until grep -q sleep /proc/$$/comm; do sleep 0.05; done) & echo; exec sleep 60',
    );
    const zombie = await vi.waitFor(async () => {
      const child = (await table.list()).find((entry) => entry.parent === root.pid);
      expect(child?.state).toBe('zombie');
      return child;
    }, 90_000);
    expect(await isAlive(table, zombie ?? root)).toBe(false);
  });
});
