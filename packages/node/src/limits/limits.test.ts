import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import {
  type ControlGroup,
  isFrozen,
  joinFiles,
  killGroup,
  membersOf,
  placesOf,
  removeGroup,
  setFrozen,
  usageOf,
} from './control-group.ts';
import { openLimits } from './limits.ts';

const limits = openLimits({ owner: `test-${process.pid}` });
const { capability } = limits;
const groups: ControlGroup[] = [];

function create(name: string, request: Parameters<typeof limits.create>[1]): ControlGroup {
  const group = limits.create(name, request);
  groups.push(group);
  return group;
}

/** Runs a shell script that joins the group before its first own step. */
function runIn(group: ControlGroup, script: string): ChildProcess {
  const join = 'for file do echo 0 > "$file" || exit 125; done; ';
  return spawn('/bin/sh', ['-c', join + script, 'sh', ...joinFiles(group)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

async function exited(child: ChildProcess): Promise<[number | null, string | null]> {
  return (await once(child, 'exit')) as [number | null, string | null];
}

afterEach(async () => {
  for (const group of groups.splice(0)) {
    setFrozen(group, false);
    await vi.waitFor(() => {
      if (!killGroup(group)) for (const pid of membersOf(group)) process.kill(pid, 'SIGKILL');
      expect(removeGroup(group)).toBe(true);
    }, 90_000);
  }
});
afterAll(() => limits.close());

describe('limits on this machine', () => {
  it('say why something is missing', () => {
    const { notes, ...features } = capability;
    if (Object.values(features).includes(false)) expect(notes.length).toBeGreaterThan(0);
  });

  it('are nothing, and say so, where there are no control groups', () => {
    const none = openLimits({ owner: 'nowhere', layout: { v1: {} } });
    expect(none.capability).toMatchObject({ memory: false, cpu: false, pids: false, freezer: false });
    const group = none.create('a', { memory: 1, cpu: 1, pids: 1 });
    expect(group).toEqual({ name: 'a' });
    expect([
      joinFiles(group),
      membersOf(group),
      usageOf(group),
      setFrozen(group, true),
      killGroup(group),
    ]).toEqual([[], [], {}, false, false]);
    expect(removeGroup(group)).toBe(true);
  });

  it('are none where the folders can not be written', () => {
    const refused = openLimits({
      owner: 'x',
      layout: { v1: { memory: '/proc/self' }, unified: { own: '/proc/self', mount: '/proc' } },
    });
    expect(refused.capability.memory).toBe(false);
    expect(refused.capability.notes.length).toBeGreaterThan(0);
  });
});

describe.runIf(capability.memory)('a memory limit', () => {
  it('ends what needs more, and counts it', async () => {
    const group = create('memory', { memory: 48 * 1024 * 1024 });
    const child = runIn(group, 'exec python3 -c "x = b\'x\' * (256 << 20); print(len(x))"');
    expect(await exited(child)).toEqual([null, 'SIGKILL']);
    const usage = usageOf(group);
    expect(usage.oomKills).toBe(1);
    expect(usage.peak).toBeGreaterThan(40 * 1024 * 1024);
    expect(usage.peak).toBeLessThanOrEqual(48 * 1024 * 1024);
  });

  it('lets what needs less end well', async () => {
    const group = create('memory-enough', { memory: 256 * 1024 * 1024 });
    expect(await exited(runIn(group, 'exec python3 -c "x = b\'x\' * (16 << 20)"'))).toEqual([0, null]);
    expect(usageOf(group).oomKills).toBe(0);
  });
});

describe.runIf(capability.pids)('a limit of processes', () => {
  it('bounds a fork bomb', async () => {
    const group = create('bomb', { pids: 20 });
    const child = runIn(group, 'bomb() { bomb | bomb & }; bomb 2>/dev/null; echo; sleep 60');
    await once(child.stdout ?? child, 'data');
    for (let i = 0; i < 20; i += 1) {
      expect(membersOf(group).length).toBeLessThanOrEqual(20);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });
});

describe.runIf(capability.cpu)('a CPU limit', () => {
  it('is a ceiling on CPU time, which is counted', async () => {
    const group = create('cpu', { cpu: 0.2 });
    const began = performance.now();
    const child = runIn(group, 'while :; do :; done');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const used = usageOf(group).cpuMs ?? 0;
    const wall = performance.now() - began;
    child.kill('SIGKILL');
    expect(used).toBeGreaterThan(10);
    // A period's quota may be used up at both ends of the measurement.
    expect(used).toBeLessThan(wall * 0.2 + 60);
  });
});

describe.runIf(capability.freezer)('the freezer', () => {
  it('stops a whole tree at once and lets it go on', async () => {
    const group = create('freezer', {});
    const child = runIn(group, '(while :; do :; done) & echo; while :; do :; done');
    await once(child.stdout ?? child, 'data');
    expect(setFrozen(group, true)).toBe(true);
    await vi.waitFor(() => expect(isFrozen(group)).toBe(true), { timeout: 60_000, interval: 1 });
    const before = usageOf(group).cpuMs;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(usageOf(group).cpuMs).toBe(before);
    expect(setFrozen(group, false)).toBe(true);
    await vi.waitFor(() => expect(usageOf(group).cpuMs).toBeGreaterThan(before ?? 0), 20_000);
  });

  it.runIf(existsSync('/sys/fs/cgroup/unified/cgroup.procs') || existsSync('/sys/fs/cgroup/cgroup.procs'))(
    'does not keep a frozen tree from being killed',
    async () => {
      const group = create('frozen-kill', {});
      const child = runIn(group, 'sleep 60 & echo; wait');
      await once(child.stdout ?? child, 'data');
      setFrozen(group, true);
      await vi.waitFor(() => expect(isFrozen(group)).toBe(true), { timeout: 60_000, interval: 1 });
      expect(killGroup(group)).toBe(true);
      expect((await exited(child))[1]).toBe('SIGKILL');
      await vi.waitFor(() => expect(membersOf(group)).toEqual([]), 20_000);
    },
  );
});

describe.runIf(capability.pids)('groups', () => {
  it('are found again by a process that did not make them, and removed', () => {
    const group = create('left-over', {});
    const again = openLimits({ owner: `test-${process.pid}` })
      .existing()
      .find(({ name }) => name === 'left-over');
    expect(new Set(placesOf(again ?? { name: '' }).map(({ path }) => path))).toEqual(
      new Set(placesOf(group).map(({ path }) => path)),
    );
    expect(removeGroup(again ?? { name: '' })).toBe(true);
    expect(placesOf(group).some(({ path }) => existsSync(path))).toBe(false);
  });

  it('are not removed while a process is in them', async () => {
    const group = create('busy', {});
    const child = runIn(group, 'echo; exec sleep 60');
    await once(child.stdout ?? child, 'data');
    expect(removeGroup(group)).toBe(false);
    child.kill('SIGKILL');
  });
});
