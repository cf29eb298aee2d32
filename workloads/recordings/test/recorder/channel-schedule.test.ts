import type { Clock } from '@backlot/contract';
import { expect, it } from 'vitest';
import { type SourceAdapter, SourceRefused } from '../../node/source-port.ts';
import { dropFolder, runChannel } from './bench-channel.ts';

/** Time that passes when a test says so. */
function handClock(from: number) {
  let now = from;
  let timers: { at: number; run: () => void }[] = [];
  const clock: Clock = {
    now: () => now,
    monotonic: () => now - from,
    after(ms, run) {
      const timer = { at: now + ms, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((each) => each !== timer);
      };
    },
    sleep: (ms) => new Promise((resolve) => clock.after(ms, resolve)),
  };
  /** Second by second, so that what answers in between is heard. */
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second += 1) {
      now += 1_000;
      const due = timers.filter(({ at }) => at <= now);
      timers = timers.filter(({ at }) => at > now);
      for (const { run } of due) run();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { clock, pass };
}

it('sleeps outside its windows and asks nobody, and wakes when one opens', async () => {
  const { clock, pass } = handClock(Date.parse('2026-11-26T19:59:00Z'));
  let looks = 0;
  const adapter: SourceAdapter = {
    kinds: ['http-flv'],
    probe: async () => {
      looks += 1;
      return { state: 'offline' };
    },
    open: () => Promise.reject(new Error('Nothing is to be opened.')),
  };
  const bench = await runChannel({
    source: { kind: 'http-flv', url: 'http://127.0.0.1:9/live.flv' },
    rules: { schedule: { windows: [{ cron: '0 20 * * *', minutes: 1 }], timeZone: 'UTC' } },
    parts: { clock, wall: clock.now, adapters: [adapter] },
  });
  try {
    await pass(58);
    expect(looks).toBe(0);
    expect(bench.details).toMatchObject({ state: 'asleep' });
    await pass(50);
    expect(looks).toBeGreaterThan(5);
    await pass(30);
    const inWindow = looks;
    expect(bench.details).toMatchObject({ state: 'asleep' });
    await pass(120);
    expect(looks).toBe(inWindow);
  } finally {
    await bench.stop();
    dropFolder(bench.workDir);
  }
  const said = bench.facts.filter(({ kind }) => kind === 'recordings.source').map(({ body }) => body.state);
  expect(said).toEqual(['asleep', 'offline', 'asleep']);
});

it.each([
  [new SourceRefused('offline', 'no_publisher'), 'offline'],
  [new SourceRefused('denied', 'denied', { status: 403 }), 'failing'],
  [new SourceRefused('unusable', 'no_playlist'), 'failing'],
])('says of a source what that says of itself: %s', async (refusal, state) => {
  const { clock, pass } = handClock(Date.parse('2026-11-26T19:59:00Z'));
  const adapter: SourceAdapter = {
    kinds: ['http-flv'],
    probe: async () => ({ state: 'live' }),
    open: () => Promise.reject(refusal),
  };
  const bench = await runChannel({
    source: { kind: 'http-flv', url: 'http://127.0.0.1:9/live.flv' },
    parts: { clock, wall: clock.now, adapters: [adapter] },
  });
  try {
    await pass(20);
  } finally {
    await bench.stop();
    dropFolder(bench.workDir);
  }
  const said = bench.facts.filter(({ kind, body }) => kind === 'recordings.source' && body.reason);
  expect(said.map(({ body }) => body)).toContainEqual(
    expect.objectContaining({ state, reason: refusal.message, words: refusal.reason }),
  );
});
