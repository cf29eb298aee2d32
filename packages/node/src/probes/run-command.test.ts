import { tmpdir } from 'node:os';
import { systemClock } from '@backlot/contract/clock';
import { describe, expect, it, vi } from 'vitest';
import { nodeMark } from '../processes/marks.ts';
import { systemProcessTable } from '../processes/system-process-table.ts';
import { createRunCommand } from './run-command.ts';

const table = systemProcessTable();
const run = createRunCommand({ table, clock: systemClock, owner: `run-${process.pid}`, instance: 'test' });
const sh = (script: string, more: Partial<Parameters<typeof run>[1]> = {}) =>
  run(['sh', '-c', script], { timeoutMs: 10_000, ...more });
const strays = async () => await table.withMark(await table.list(), nodeMark, `run-${process.pid}`);

describe.runIf(process.platform !== 'win32')('a short command', () => {
  it('gives its exit code and what it printed, byte for byte', async () => {
    const result = await sh("printf '\\377\\000a'; echo no >&2; exit 3");
    expect(result).toMatchObject({ code: 3, signal: null, timedOut: false });
    expect([...result.stdout]).toEqual([255, 0, 97]);
    expect(result.stderr.toString()).toBe('no\n');
  });

  it('keeps the first bytes of a long output and lets the command finish', async () => {
    const result = await sh('head -c 3000000 /dev/zero; echo end >&2', { maxOutput: 1000 });
    expect(result.stdout.length).toBe(1000);
    expect(result.stderr.toString()).toBe('end\n');
  });

  it('is ended with all that it started when its time is over, even when it ignores requests', async () => {
    const result = await sh("trap '' TERM; setsid sleep 60 & sleep 60 & wait; sleep 60", { timeoutMs: 300 });
    expect(result).toMatchObject({ timedOut: true, signal: 'SIGKILL' });
    expect(await strays()).toEqual([]);
  });

  it('is ended and rejects when it is aborted', async () => {
    const abort = new AbortController();
    const result = sh('sleep 60', { signal: abort.signal });
    setTimeout(() => abort.abort(new Error('enough')), 50);
    await expect(result).rejects.toThrow('enough');
    expect(await strays()).toEqual([]);
  });

  it('does not wait for ever for a process that it left behind with its pipes', async () => {
    const result = await sh('sleep 60 & echo started');
    expect(result).toMatchObject({ code: 0, timedOut: false });
    expect(result.stdout.toString()).toBe('started\n');
    expect(await strays()).toEqual([]);
  });

  it('ends what a command left behind that was over before anyone could look at it', async () => {
    // The table is asked only after the command has gone, as it happens on a machine without a free core.
    const late = Object.create(table, {
      find: {
        async value(pid: number) {
          await vi.waitUntil(async () => !(await table.find(pid)), { timeout: 60_000 });
          return undefined;
        },
      },
      list: { value: () => table.list() },
      withMark: { value: (...args: Parameters<typeof table.withMark>) => table.withMark(...args) },
      signal: { value: (...args: Parameters<typeof table.signal>) => table.signal(...args) },
    }) as typeof table;
    const runLate = createRunCommand({
      table: late,
      clock: systemClock,
      owner: `run-${process.pid}`,
      instance: 'test',
    });
    // In its group, and in a session of its own: that one is known only by its mark.
    for (const script of ['sleep 60 & echo started', 'setsid sleep 60 & sleep 0.2; echo started']) {
      const result = await runLate(['sh', '-c', script], { timeoutMs: 10_000 });
      expect(result, script).toMatchObject({ code: 0, timedOut: false });
      expect(await strays(), script).toEqual([]);
    }
  });

  it('inherits nothing but what every program needs', async () => {
    const result = await sh('env', { env: { A: '1' } });
    const names = result.stdout
      .toString()
      .trim()
      .split('\n')
      .map((line) => line.split('=')[0]);
    const known = [
      'A',
      'BACKLOT_COMMAND',
      'BACKLOT_COMMAND_RUN',
      'BACKLOT_NODE',
      'HOME',
      'LANG',
      'PATH',
      'PWD',
      'SHLVL',
      'TMPDIR',
      '_',
    ];
    expect(names.filter((name) => !known.includes(name ?? ''))).toEqual([]);
    expect(names).toContain('A');
  });

  it('says which program is missing', async () => {
    await expect(run(['no-such-program'], { timeoutMs: 1_000 })).rejects.toMatchObject({
      code: 'program_not_found',
    });
    await expect(run([tmpdir()], { timeoutMs: 1_000 })).rejects.toMatchObject({ code: 'program_not_found' });
  });
});
