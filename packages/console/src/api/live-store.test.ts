import type { Clock } from '@backlot/contract/clock';
import { describe, expect, it, vi } from 'vitest';
import { LiveStore } from './live-store.ts';
import { progressOf, subjectsOf, touches } from './subjects.ts';

/** Time that only moves when the test says so. */
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
        timers = timers.filter((other) => other !== timer);
      };
    },
    sleep: () => Promise.reject(new Error('not used here')),
  };
  const pass = (ms: number) => {
    now += ms;
    const due = timers.filter((timer) => timer.at <= now);
    timers = timers.filter((timer) => timer.at > now);
    for (const timer of due) timer.run();
  };
  return { clock, pass };
}

const load = (id: string, cpu: number) => ({
  kind: 'node.load',
  subject: { kind: 'node', id },
  body: { cpu },
});

describe('live store', () => {
  it('draws once for many updates within half a second, with the newest value', () => {
    const { clock, pass } = handClock();
    const store = new LiveStore(clock, () => {});
    const drawn = vi.fn();
    store.subscribe('node.load', 'a', drawn);
    for (let i = 0; i < 1000; i += 1) store.update(load('a', i / 1000));
    pass(499);
    expect(drawn).not.toHaveBeenCalled();
    pass(1);
    expect(drawn).toHaveBeenCalledTimes(1);
    expect(store.latest('node.load', 'a')).toEqual({ cpu: 0.999 });
    pass(5000);
    expect(drawn).toHaveBeenCalledTimes(1);
  });

  it('tells only those who show the thing that changed', () => {
    const { clock, pass } = handClock();
    const store = new LiveStore(clock, () => {});
    const other = vi.fn();
    const stop = store.subscribe('node.load', 'a', vi.fn());
    store.subscribe('node.load', 'b', other);
    stop();
    store.update(load('a', 0.5));
    pass(500);
    expect(other).not.toHaveBeenCalled();
  });

  it('hands on changed subjects together, once', () => {
    const { clock, pass } = handClock();
    const flushed: string[][] = [];
    const store = new LiveStore(clock, (subjects) => flushed.push([...subjects]));
    store.changed(subjectsOf('job', '1'));
    store.changed(subjectsOf('job', '2'));
    pass(500);
    pass(500);
    expect(flushed).toEqual([['job', 'job:1', 'job:2']]);
  });

  it('counts a broken connection from its first failure', () => {
    const { clock, pass } = handClock();
    const store = new LiveStore(clock, () => {});
    store.setStatus({ state: 'live', since: 0 });
    pass(1000);
    store.setStatus({ state: 'waiting', since: clock.now() });
    pass(9000);
    store.setStatus({ state: 'connecting', since: clock.now() });
    expect(store.status).toEqual({ state: 'connecting', since: 1000 });
  });

  it('hands on what changes all the time at once, and then at its pace, with the last change at the end', () => {
    const { clock, pass } = handClock();
    const at: number[] = [];
    const store = new LiveStore(clock, () => at.push(clock.now()));
    for (let ms = 0; ms < 5_000; ms += 100) {
      store.pulse(progressOf('1'), 2_000);
      pass(100);
    }
    expect(at).toEqual([500, 2_500, 4_500]);
    pass(1_000);
    pass(500);
    expect(at).toEqual([500, 2_500, 4_500, 6_500]);
    pass(10_000);
    pass(10_000);
    expect(at).toHaveLength(4);
    store.pulse(progressOf('1'), 2_000);
    store.close();
    pass(10_000);
    expect(at).toHaveLength(4);
  });

  it('does nothing after it was closed', () => {
    const { clock, pass } = handClock();
    const drawn = vi.fn();
    const store = new LiveStore(clock, drawn);
    store.changed(['job']);
    store.close();
    pass(1000);
    expect(drawn).not.toHaveBeenCalled();
  });
});

describe('subjects', () => {
  it.each([
    [['job'], ['job'], true],
    [['job:1'], ['job', 'job:1'], true],
    [['job:1'], ['job', 'job:2'], false],
    [['job:1'], ['job:*'], true],
    [['node'], ['job'], false],
    [[], ['job'], false],
    [['job:1', progressOf('1')], [progressOf('1')], true],
    [['job:1', progressOf('1')], [progressOf('2'), 'progress'], false],
    [['job', 'progress'], ['progress'], true],
    [['task', 'job:1'], [progressOf('1'), 'progress'], false],
  ])('a query about %j with changes %j is stale: %s', (wanted, changed, stale) => {
    expect(touches(wanted, new Set(changed))).toBe(stale);
  });
});
