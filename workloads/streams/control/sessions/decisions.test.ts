import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SessionLimits } from '../../contract.ts';
import { type SessionTimes, sessionDue, warnAfter } from './due.ts';
import { type Coming, estimateMs, tellWaiting } from './queue.ts';

const limits = SessionLimits.parse({
  idleSeconds: 300,
  maximumSeconds: 3_600,
  disconnectSeconds: 30,
  queueSeconds: 600,
});
const calm: SessionTimes = {
  state: 'active',
  sinceRequested: 100,
  sinceReady: 100,
  sinceActivity: 1,
  away: null,
  warned: null,
  extensions: true,
};

describe('what time means for a session', () => {
  it.each([
    [{}, null],
    [{ sinceActivity: 239 }, null],
    [{ sinceActivity: 240 }, { kind: 'warn', why: 'idle', endsIn: 60 }],
    [{ sinceActivity: 250, warned: 'idle', state: 'idle' }, null],
    [
      { sinceActivity: 300, warned: 'idle', state: 'idle' },
      { kind: 'end', reason: 'idle' },
    ],
    [{ sinceActivity: 2, warned: 'idle', state: 'idle' }, { kind: 'unwarn' }],
    [{ sinceReady: 3_540 }, { kind: 'warn', why: 'limit', endsIn: 60 }],
    [{ sinceReady: 3_550, warned: 'limit' }, null],
    [
      { sinceReady: 3_600, warned: 'limit' },
      { kind: 'end', reason: 'limit' },
    ],
    // The limit comes whatever one does; the other warning gives way to it.
    [
      { sinceReady: 3_550, warned: 'idle', state: 'idle' },
      { kind: 'warn', why: 'limit', endsIn: 50 },
    ],
    [{ away: 29 }, null],
    [{ away: 30 }, { kind: 'end', reason: 'disconnected' }],
    // A start of the control plane gives time before it begins.
    [{ away: -10 }, null],
    // Epic's own page tells of no sign of life: its user may be playing.
    [{ extensions: false, sinceActivity: 299 }, null],
    [{ extensions: false, sinceActivity: 9_999 }, null],
    [
      { extensions: false, sinceReady: 3_600 },
      { kind: 'end', reason: 'limit' },
    ],
    [
      { extensions: false, away: 30 },
      { kind: 'end', reason: 'disconnected' },
    ],
    // Control has passed to such a page after the warning.
    [{ extensions: false, sinceActivity: 299, warned: 'idle', state: 'idle' }, { kind: 'unwarn' }],
    // Whoever is away is not idle as well.
    [{ away: 5, sinceActivity: 299 }, null],
    [
      { state: 'waiting', sinceReady: null, sinceRequested: 600 },
      { kind: 'end', reason: 'queue' },
    ],
    [{ state: 'waiting', sinceReady: null, sinceRequested: 599, sinceActivity: 599 }, null],
    // Nothing has been seen yet: that is for the instance's own time-out.
    [{ state: 'ready', sinceActivity: 299 }, null],
  ] as const)('%j: %j', (given, due) => {
    expect(sessionDue({ ...calm, ...given }, limits)).toEqual(due);
  });

  it('warns a minute before, or at half of a short time', () => {
    expect([10, 60, 120, 121, 600].map(warnAfter)).toEqual([5, 30, 60, 61, 540]);
  });

  it('always warns before it ends, for whatever limit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 5, max: 10_000 }), fc.integer({ min: 1, max: 3 }), (idle, step) => {
        let warned: SessionTimes['warned'] = null;
        for (let second = 0; ; second += step) {
          const due = sessionDue(
            { ...calm, sinceActivity: second, warned },
            { ...limits, idleSeconds: idle, maximumSeconds: null },
          );
          if (due?.kind === 'warn') {
            expect(due.endsIn).toBeLessThanOrEqual(60);
            warned = due.why;
          }
          if (due?.kind === 'end') {
            // A tick that is longer than the whole countdown can’t be warned of.
            if (step <= idle / 2) expect(warned).toBe('idle');
            expect(second).toBeGreaterThanOrEqual(idle);
            return;
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it('never ends a session that has no limits and is not away', () => {
    const none = { ...limits, idleSeconds: null, maximumSeconds: null };
    fc.assert(
      fc.property(fc.nat(1e9), fc.nat(1e9), (sinceActivity, sinceReady) => {
        expect(sessionDue({ ...calm, sinceActivity, sinceReady }, none)).toBeNull();
      }),
    );
  });
});

describe('those who wait', () => {
  const pace = { startMs: 8_000, sessionMs: 600_000, inUse: 3 };
  const waiting = [0, 1, 2].map((n) => ({ sessionId: `s${n}`, waitedMs: 1_000 }));
  const coming = (state: Coming['state'], rest: Partial<Coming> = {}): Coming => ({
    state,
    running: false,
    wait: null,
    ...rest,
  });
  const stuck = coming('requested', { wait: { code: 'wait.gpu', params: {}, message: 'waits for a GPU' } });

  it('are told how far their instance is, and the others their place', () => {
    const told = [
      ...tellWaiting(waiting, [coming('starting', { running: true }), coming('starting')], pace).values(),
    ];
    expect(told).toEqual([
      { kind: 'starting', step: 'connecting', reason: null },
      { kind: 'starting', step: 'starting', reason: null },
      { kind: 'queued', position: 3, waitedMs: 1_000, estimateMs: 200_000 },
    ]);
  });

  it('are in the queue while no machine has room for their instance', () => {
    const [first] = tellWaiting(waiting, [stuck], pace).values();
    expect(first).toEqual({ kind: 'queued', position: 1, waitedMs: 1_000, estimateMs: null });
  });

  it('are told when a render makes room for them', () => {
    const wait = { code: 'wait.preempting', params: {}, message: 'waits for 1 less urgent task' };
    const [first] = tellWaiting(waiting, [coming('requested', { wait })], pace).values();
    expect(first).toEqual({ kind: 'starting', step: 'placing', reason: wait });
  });

  it('are told nothing that nobody knows', () => {
    expect(estimateMs(0, 0, 0, { startMs: null, sessionMs: null, inUse: 0 })).toBeNull();
    expect(estimateMs(0, 1, 0, { startMs: null, sessionMs: 1, inUse: 1 })).toBeNull();
  });

  it('never wait longer the further in front they are', () => {
    fc.assert(
      fc.property(fc.nat(20), fc.integer({ min: 1, max: 20 }), (place, inUse) => {
        const here = estimateMs(place, 0, 0, { ...pace, inUse }) ?? 0;
        const behind = estimateMs(place + 1, 0, 0, { ...pace, inUse }) ?? 0;
        expect(behind).toBeGreaterThanOrEqual(here);
      }),
    );
  });
});
