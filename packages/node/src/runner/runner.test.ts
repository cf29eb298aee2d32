import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EndFacts, exitVerdict } from './exit-cause.ts';
import { checkLaunch } from './launch-check.ts';
import { launchCommand } from './launcher.ts';
import { judgeTime, RunningTime } from './time-limits.ts';

describe('what ended a child', () => {
  const facts: EndFacts = {
    code: 0,
    signal: null,
    sandboxed: false,
    ended: undefined,
    oomKills: 0,
    launchFailed: undefined,
    stderrHead: '',
  };

  it.each<[string, Partial<EndFacts>, object]>([
    ['its own end', {}, { cause: 'exited', code: 0 }],
    ['its own failure', { code: 9 }, { cause: 'exited', code: 9 }],
    ['a signal', { code: null, signal: 'SIGSEGV' }, { cause: 'exited', code: null, signal: 'SIGSEGV' }],
    ['being told', { code: 143, ended: 'stopped' }, { cause: 'stopped', code: 143 }],
    [
      'its time',
      { code: null, signal: 'SIGKILL', ended: 'timeout' },
      { cause: 'timeout', signal: 'SIGKILL' },
    ],
    [
      'the lack of memory',
      { code: null, signal: 'SIGKILL', oomKills: 1 },
      { cause: 'oom', signal: 'SIGKILL' },
    ],
    ['the lack of memory of a helper', { code: 1, oomKills: 1 }, { cause: 'oom', code: 1 }],
    ['its own end although a helper was killed', { code: 0, oomKills: 1 }, { cause: 'exited', code: 0 }],
    [
      'the lack of memory while it was being stopped',
      { code: 1, oomKills: 2, ended: 'timeout' },
      { cause: 'oom' },
    ],
    [
      'a signal inside the sandbox',
      { code: 139, sandboxed: true },
      { cause: 'exited', code: null, signal: 'SIGSEGV' },
    ],
    ['a code that is no signal', { code: 200, sandboxed: true }, { cause: 'exited', code: 200 }],
    [
      'the sandbox itself',
      { code: 1, sandboxed: true, stderrHead: 'bwrap: Can’t find source path /x' },
      { cause: 'spawn-failed', message: 'The sandbox failed: Can’t find source path /x' },
    ],
    [
      'a program that speaks of bwrap outside of a sandbox',
      { code: 1, stderrHead: 'bwrap: no' },
      { cause: 'exited', code: 1 },
    ],
    [
      'a missing interpreter',
      { code: 127, launchFailed: 127, stderrHead: 'backlot-launcher: 7: exec: /x: not found\n' },
      { cause: 'spawn-failed', code: null, message: '/x: not found' },
    ],
    [
      'a control group',
      { code: 125, launchFailed: 125 },
      { cause: 'spawn-failed', message: /control group/ },
    ],
  ])('is told: %s', (_name, more, verdict) => {
    const { message, ...rest } = verdict as { message?: string | RegExp };
    const found = exitVerdict({ ...facts, ...more });
    expect(found).toMatchObject(rest);
    if (message) expect(found.message).toMatch(message);
  });
});

describe('the limits of time', () => {
  const start = { now: 1_000, startedAt: 0, heardAt: 900, frozenMs: 0, frozenSinceHeardMs: 0 };

  it.each([
    [{}, { over: undefined, inMs: undefined }],
    [{ wallMs: 5_000 }, { over: undefined, inMs: 4_000 }],
    [
      { wallMs: 5_000, silenceMs: 300 },
      { over: undefined, inMs: 200 },
    ],
    [{ wallMs: 1_000 }, { over: 'timeout' }],
    [{ silenceMs: 100 }, { over: 'silence' }],
    [
      { wallMs: 1_000, frozenMs: 250 },
      { over: undefined, inMs: 250 },
    ],
    [
      { silenceMs: 100, frozenMs: 80, frozenSinceHeardMs: 40 },
      { over: undefined, inMs: 40 },
    ],
  ])('with %j are %j', (more, verdict) => expect(judgeTime({ ...start, ...more })).toEqual(verdict));

  it('never call time spent frozen slow or silent', () => {
    fc.assert(
      fc.property(
        fc.nat(10_000),
        fc.nat(10_000),
        fc.integer({ min: 1, max: 10_000 }),
        (ran, frozen, limit) => {
          const moving = judgeTime({ ...start, now: ran, heardAt: 0, wallMs: limit, silenceMs: limit });
          const facts = {
            ...start,
            now: ran + frozen,
            heardAt: 0,
            frozenMs: frozen,
            frozenSinceHeardMs: frozen,
          };
          expect(judgeTime({ ...facts, wallMs: limit, silenceMs: limit })).toEqual(moving);
        },
      ),
    );
  });
});

describe('the time of a child', () => {
  it('stands still while it is frozen', () => {
    let now = 0;
    const time = new RunningTime(() => now);
    now = 100;
    time.heard();
    now = 150;
    time.froze(140);
    now = 1_140;
    expect(time).toMatchObject({ isFrozen: true, frozenMs: 1_000, wallMs: 1_140, silentMs: 1_040 });
    time.thawed();
    now = 1_200;
    expect(time.frozenMs).toBe(1_000);
    expect(time.judge({ wallMs: 300, silenceMs: 150 })).toEqual({ over: undefined, inMs: 50 });
    time.heard();
    expect(time.judge({ wallMs: 300, silenceMs: 150 })).toEqual({ over: undefined, inMs: 100 });
    now = 1_300;
    expect(time.judge({ wallMs: 300 })).toEqual({ over: 'timeout' });
  });
});

describe('the launcher', () => {
  const group = { name: 'g', pids: { version: 1, path: '/sys/fs/cgroup/pids/g' } } as const;

  it('has everything that varies as an argument, in order', () => {
    const argv = ['/bin/x', '$(id)', '-c'];
    const command = launchCommand({ argv, group, guard: ['/usr/bin/setpriv', '--'] }, '/a/failed', 'linux');
    expect(command.slice(0, 4)).toEqual(['/usr/bin/setpriv', '--', '/bin/sh', '-c']);
    expect(command.slice(5)).toEqual([
      'backlot-launcher',
      '/a/failed',
      '/sys/fs/cgroup/pids/g/cgroup.procs',
      '--',
      '/bin/x',
      '$(id)',
      '-c',
    ]);
    const other = launchCommand({ argv: ['/other'], group: { name: 'h' }, guard: [] }, '/b', 'linux');
    expect(other[2]).toBe(command[4]);
  });

  it('is left out on Windows', () => {
    expect(launchCommand({ argv: ['C:\\x.exe', 'a'], group, guard: [] }, 'C:\\failed', 'win32')).toEqual([
      'C:\\x.exe',
      'a',
    ]);
  });
});

describe('the check of a launch file', () => {
  const launch = {
    v: 1,
    allocation: 'a',
    argv: ['/x'],
    env: {},
    cwd: '/',
    stop: { signal: 'SIGTERM' },
    logs: { segmentBytes: 1, totalBytes: 2 },
    group: { name: 'a' },
    control: '/s',
    guard: [],
  };

  it('lets a good one pass', () => expect(checkLaunch(launch)).toBe(launch));

  it.each(Object.keys(launch))('names %s when it is missing', (key) => {
    expect(() => checkLaunch({ ...launch, [key]: undefined })).toThrow(key === 'v' ? /version/ : key);
  });

  it('refuses anything at all that is not one, with a sentence', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(() => checkLaunch(value)).toThrow(/^launch\.json /);
      }),
    );
  });
});
