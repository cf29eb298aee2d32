import type { DiskState } from '@backlot/contract';
import { type Clock, systemClock } from '@backlot/contract/clock';
import { expect, it } from 'vitest';
import { someAtOnce } from '../store/s3/some-at-once.ts';
import { StoreFault } from '../store/store-fault.ts';
import { pauseMs } from './backoff.ts';
import { hasteOf, Urgency } from './haste.ts';
import { Persistence } from './persist.ts';

const minute = 60_000;

it.each<[DiskState, longestPauseMs: number, partsAtOnce: number]>([
  ['ok', 10 * minute, 1],
  ['low', minute, 3],
  ['full', minute, 3],
])('a disk that is %s: pauses to %d ms, %d parts at once', (disk, longestPauseMs, partsAtOnce) => {
  expect(hasteOf(disk)).toEqual({ longestPauseMs, partsAtOnce });
});

it.each<[faults: number, disk: DiskState, askedMs: number, pause: number]>([
  [1, 'ok', 0, 1_000],
  [1, 'low', 0, 1_000],
  [7, 'ok', 0, 64_000],
  [7, 'low', 0, minute],
  [50, 'ok', 0, 10 * minute],
  [50, 'full', 0, minute],
  // Whoever asks to be left alone is, whatever we would like.
  [50, 'full', 5 * minute, 5 * minute],
  [1, 'low', 60 * minute, 10 * minute],
])('after %d faults, disk %s, asked for %d ms: at most %d ms', (faults, disk, askedMs, pause) => {
  expect(pauseMs(faults, 1, askedMs, hasteOf(disk).longestPauseMs)).toBe(pause);
});

it('cuts the pause that goes on when the disk gets low, and says when the next try is', async () => {
  let now = 0;
  const urgency = new Urgency();
  const said: [string, number][] = [];
  /** Half a minute of every pause passes, and then the disk is low. */
  const clock: Clock = {
    ...systemClock,
    now: () => now,
    monotonic: () => now,
    async sleep(ms, signal) {
      if (ms > 100_000) {
        now += 30_000;
        urgency.tell('low');
      } else now += ms;
      signal?.throwIfAborted();
    },
  };
  const persistence = new Persistence(
    {
      clock,
      random: () => 0.999_999,
      signal: new AbortController().signal,
      patienceMs: 100 * minute,
      alarmMs: 100 * minute,
      urgency,
    },
    {
      waiting: (_fault, at) => said.push(['waiting', Math.round(at - now)]),
      untilNow: (at) => said.push(['now', Math.round(at - now)]),
      again: () => undefined,
      unreachable: () => undefined,
      reachable: () => undefined,
    },
    false,
  );
  let tries = 0;
  await persistence.run(async () => {
    tries += 1;
    if (tries <= 9) throw new StoreFault('away', 'nobody there');
  });
  expect(said.slice(6)).toEqual([
    ['waiting', 64_000],
    ['waiting', 128_000],
    ['now', 30_000],
    ['waiting', minute],
  ]);
  expect(persistence.retries).toBe(9);
});

it('does so many pieces at once as may be now, and begins nothing after a fault', async () => {
  let most = 1;
  let running = 0;
  const seen: number[] = [];
  const done: number[] = [];
  const act = async (piece: number) => {
    running += 1;
    seen.push(running);
    await new Promise((resolve) => setTimeout(resolve, piece === 5 ? 1 : 100));
    running -= 1;
    if (piece === 1) most = 3;
    if (piece === 5) throw new Error('five');
    done.push(piece);
  };
  await expect(someAtOnce([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], () => most, act)).rejects.toThrow('five');
  expect(running).toBe(0);
  expect(seen.slice(0, 2)).toEqual([1, 1]);
  expect(Math.max(...seen)).toBe(3);
  expect(done).toEqual(expect.arrayContaining([0, 1, 2, 3, 4]));
  expect(done).not.toContain(8);
});
