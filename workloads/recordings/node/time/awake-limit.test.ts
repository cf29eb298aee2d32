import type { Clock } from '@backlot/contract/clock';
import { describe, expect, it } from 'vitest';
import { awakeLimit } from './awake-limit.ts';

/** A clock that is moved by hand: `sleep` lets time pass in which no timer could run, as a process that was stopped. */
function handClock() {
  let now = 0;
  let timers: { at: number; run: () => void }[] = [];
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    after(ms, run) {
      const timer = { at: now + ms, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((one) => one !== timer);
      };
    },
    sleep: () => Promise.reject(new Error('Nobody sleeps here.')),
  };
  const fire = () => {
    const due = timers.filter(({ at }) => at <= now);
    timers = timers.filter(({ at }) => at > now);
    for (const { run } of due) run();
  };
  return {
    clock,
    pass(ms: number) {
      for (const end = now + ms; now < end; ) {
        now += 1;
        fire();
      }
    },
    standStill(ms: number) {
      now += ms;
      fire();
    },
    get waiting() {
      return timers.length;
    },
  };
}

describe('a limit for a process that may stand still', () => {
  it('is up when its time is, where the process ran', () => {
    const hand = handClock();
    let late = 0;
    awakeLimit(hand.clock, 8_000, () => {
      late += 1;
    });
    hand.pass(7_999);
    expect(late).toBe(0);
    hand.pass(1);
    expect(late).toBe(1);
    hand.pass(20_000);
    expect(late).toBe(1);
    expect(hand.waiting).toBe(0);
  });

  it.each([0, 400, 4_000, 7_900])('is not up by standing still, %d ms after its beginning', (before) => {
    const hand = handClock();
    let late = 0;
    awakeLimit(hand.clock, 8_000, () => {
      late += 1;
    });
    hand.pass(before);
    hand.standStill(60_000);
    expect(late).toBe(0);
    // What waited in the kernel is read now; nothing came, and the rest of the time passes.
    hand.pass(8_000);
    expect(late).toBe(1);
  });

  it('ends also where the process stands still again and again', () => {
    const hand = handClock();
    let late = 0;
    awakeLimit(hand.clock, 2_000, () => {
      late += 1;
    });
    for (let look = 0; look < 6; look += 1) hand.standStill(10_000);
    expect(late).toBe(1);
  });

  it('is called off', () => {
    const hand = handClock();
    const cancel = awakeLimit(hand.clock, 1_000, () => expect.fail('called off'));
    hand.pass(700);
    cancel();
    cancel();
    hand.pass(5_000);
    expect(hand.waiting).toBe(0);
  });
});
