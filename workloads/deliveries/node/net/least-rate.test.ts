import type { Clock } from '@backlot/contract/clock';
import { expect, it } from 'vitest';
import { LeastRate, leastBytes, windowOf } from './least-rate.ts';

/** Time that passes by hand, for timers alone. */
function handClock() {
  let at = 0;
  const timers = new Map<symbol, { readonly at: number; readonly run: () => void }>();
  const clock: Clock = {
    now: () => at,
    monotonic: () => at,
    after(ms, run) {
      const id = Symbol();
      timers.set(id, { at: at + ms, run });
      return () => timers.delete(id);
    },
    sleep: () => Promise.reject(new Error('Nothing here sleeps.')),
  };
  const pass = (ms: number) => {
    at += ms;
    for (const [id, timer] of timers) {
      if (timer.at > at) continue;
      timers.delete(id);
      timer.run();
    }
  };
  return { clock, pass };
}

it('is late when too little has come in a window, however steadily, and not when enough has', () => {
  const { clock, pass } = handClock();
  let late = 0;
  const rate = new LeastRate({
    clock,
    windowMs: windowOf(),
    late: () => {
      late += 1;
    },
  });
  for (let window = 0; window < 3; window += 1) {
    pass(windowOf() - 1);
    expect(rate.add(leastBytes - 1)).toBe(false);
    expect(rate.add(1)).toBe(true);
  }
  // A byte a minute.
  for (let minute = 0; minute < 4; minute += 1) {
    pass(60_000);
    expect(rate.add(1)).toBe(false);
  }
  expect(late).toBe(0);
  pass(60_000);
  expect(late).toBe(1);
  rate.close();
});

it('leaves out what time is ours', () => {
  const { clock, pass } = handClock();
  let late = 0;
  const rate = new LeastRate({
    clock,
    windowMs: 1_000,
    late: () => {
      late += 1;
    },
  });
  for (let piece = 0; piece < 10; piece += 1) {
    pass(99);
    rate.pause();
    pass(5_000);
    rate.resume();
    // Twice is once.
    rate.resume();
  }
  expect(late).toBe(0);
  pass(9);
  expect(late).toBe(0);
  pass(1);
  expect(late).toBe(1);
  rate.resume();
  pass(5_000);
  expect(late).toBe(1);
});

it('has a whole window again after enough has passed, also while time is ours', () => {
  const { clock, pass } = handClock();
  let late = 0;
  const rate = new LeastRate({
    clock,
    windowMs: 1_000,
    late: () => {
      late += 1;
    },
  });
  pass(900);
  rate.pause();
  expect(rate.add(leastBytes)).toBe(true);
  pass(5_000);
  rate.resume();
  pass(999);
  expect(late).toBe(0);
  pass(1);
  expect(late).toBe(1);
});

it('is never late when it is closed', () => {
  const { clock, pass } = handClock();
  const rate = new LeastRate({ clock, windowMs: 1_000, late: () => expect.unreachable() });
  rate.close();
  rate.resume();
  pass(10_000);
});
