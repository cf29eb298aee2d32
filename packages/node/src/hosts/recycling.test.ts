import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { socketOf } from './host.ts';
import { lostExit, toldExit } from './hosted-exit.ts';
import { type HostFacts, judgeHost, mayRevive, restartPause } from './recycling.ts';

const facts: HostFacts = {
  now: 100_000,
  startedAt: 0,
  idleSince: 90_000,
  running: 0,
  startedAllocations: 3,
  peakMemory: 1_000,
  retired: false,
};

describe('what becomes of a host', () => {
  it.each<[string, Partial<HostFacts>, Parameters<typeof judgeHost>[1], string]>([
    ['nothing to do yet', {}, { idleMs: 20_000 }, 'keep'],
    ['idle for long enough', {}, { idleMs: 10_000 }, 'stop'],
    ['never too idle', { idleSince: 0 }, { idleMs: 0 }, 'keep'],
    ['busy and idle rules do not meet', { running: 1, idleSince: 0 }, { idleMs: 1 }, 'keep'],
    ['enough allocations, busy', { running: 1 }, { idleMs: 0, recycle: { maxAllocations: 3 } }, 'retire'],
    ['enough allocations, empty', {}, { idleMs: 0, recycle: { maxAllocations: 3 } }, 'stop'],
    ['too old', {}, { idleMs: 0, recycle: { maxAgeMs: 100_000 } }, 'stop'],
    ['too large', { running: 2 }, { idleMs: 0, recycle: { maxMemory: 1_000 } }, 'retire'],
    [
      'within its rules',
      {},
      { idleMs: 0, recycle: { maxAllocations: 4, maxAgeMs: 1e6, maxMemory: 1e6 } },
      'keep',
    ],
    ['retired and empty', { retired: true }, { idleMs: 0 }, 'stop'],
  ])('%s', (_name, more, rules, verdict) => expect(judgeHost({ ...facts, ...more }, rules)).toBe(verdict));

  it('is never its end while something runs in it', () => {
    const rules = { idleMs: 1, recycle: { maxAllocations: 1, maxAgeMs: 1, maxMemory: 1 } };
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.boolean(), (running, retired) => {
        expect(judgeHost({ ...facts, running, retired }, rules)).not.toBe('stop');
      }),
    );
  });
});

describe('the socket of a host', () => {
  it('fits into what a system allows for it, wherever the data directory is', () => {
    expect(socketOf('0a1b2c3d', '/var/lib/backlot/node/hosts/test/0a1b2c3d', 'linux')).toBe(
      '/var/lib/backlot/node/hosts/test/0a1b2c3d/work/h.sock',
    );
    const deep = socketOf('0a1b2c3d', `/home/${'deep/'.repeat(30)}hosts/test/0a1b2c3d`, 'linux');
    expect(Buffer.byteLength(deep)).toBeLessThanOrEqual(100);
    expect(socketOf('0a1b2c3d', 'C:\\x', 'win32')).toBe('\\\\.\\pipe\\backlot-host-0a1b2c3d');
  });
});

describe('the pause before a host is started again', () => {
  it('is none without crashes, then grows, spread, up to a minute', () => {
    expect(restartPause(0, 0.9)).toBe(0);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (crashes, random) => {
          const pause = restartPause(crashes, random);
          expect(pause).toBeGreaterThanOrEqual(250);
          expect(pause).toBeLessThanOrEqual(60_000);
          expect(restartPause(crashes + 1, random)).toBeGreaterThanOrEqual(pause);
        },
      ),
    );
  });
});

describe('the end of an allocation in a host', () => {
  const start = {
    allocation: 'a',
    startedAt: '2026-11-21T00:00:00.000Z',
    now: Date.parse('2026-11-21T00:00:02.000Z'),
  };
  const exit = {
    cause: 'oom',
    code: null,
    signal: 'SIGKILL',
    oomKills: 1,
    usage: { wallMs: 9, peakMemory: 77 },
  } as const;

  it('is what the host told', () => {
    expect(toldExit(start, { outcome: 'ok', result: { a: 1 } })).toMatchObject({
      cause: 'exited',
      code: 0,
      result: { a: 1 },
      usage: { wallMs: 2_000 },
    });
    expect(toldExit(start, { outcome: 'failed', result: null, message: 'no' })).toMatchObject({
      code: 1,
      message: 'no',
    });
    expect(toldExit(start, { outcome: 'stopped', result: null }).cause).toBe('stopped');
  });

  it('is the loss of its host, whose lack of memory is its own only when it was alone', () => {
    expect(lostExit(start, { kind: 'k', exit, capacity: 1, asked: false })).toMatchObject({
      cause: 'oom',
      oomKills: 1,
      usage: { peakMemory: 77 },
    });
    expect(lostExit(start, { kind: 'k', exit, capacity: 2, asked: false })).toMatchObject({
      cause: 'runner-lost',
      message: expect.stringContaining('SIGKILL'),
    });
    expect(lostExit(start, { kind: 'k', exit, capacity: 1, asked: true }).cause).toBe('stopped');
  });
});

describe('reviving', () => {
  it('is given up after five deaths in a minute, and goes on when they are long ago', () => {
    const deaths = [1_000, 2_000, 3_000, 4_000, 5_000];
    expect(mayRevive([], 0)).toBe(true);
    expect(mayRevive(deaths.slice(0, 4), 5_000)).toBe(true);
    expect(mayRevive(deaths, 5_000)).toBe(false);
    expect(mayRevive(deaths, 61_500)).toBe(true);
  });
});
