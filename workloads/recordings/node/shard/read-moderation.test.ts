import type { Clock } from '@backlot/contract/clock';
import { describe, expect, it } from 'vitest';
import { ReadModeration } from './read-moderation.ts';

/** Second after second of a shard: `channels` sources, each of which sends something every `everyMs`. In whole microseconds. */
function run(seconds: number, channels: number, everyMs: number) {
  const every = everyMs * 1_000;
  let at = 0;
  const slept: number[] = [];
  const clock = { monotonic: () => at / 1_000 } as Clock;
  const moderation = new ReadModeration(clock, (ms) => {
    slept.push(ms);
    at += Math.ceil(ms * 1_000);
  });
  const readUpTo = Array.from({ length: channels }, (_, index) => Math.floor((index * every) / channels));
  let rounds = 0;
  let longestMs = 0;
  let roundAt = 0;
  for (const end = seconds * 1_000_000; at < end; ) {
    // The event loop waits for the first source that has something, and reads all that have.
    at = Math.max(at, Math.min(...readUpTo) + every);
    let read = 0;
    for (const [index, last] of readUpTo.entries()) {
      const sent = last + every * Math.floor((at - last) / every);
      if (sent === last) continue;
      readUpTo[index] = sent;
      read += 1;
    }
    for (let count = 0; count < read; count += 1) moderation.read();
    moderation.endRound();
    rounds += 1;
    longestMs = Math.max(longestMs, (at - roundAt) / 1_000);
    roundAt = at;
  }
  return { slept, rounds, longestMs };
}

describe('moderation of reads', () => {
  it('reads fifty channels twenty-five times a second, and no source waits longer than a round', () => {
    const { slept, rounds, longestMs } = run(10, 50, 15);
    // The first second tells how busy it is.
    expect(rounds).toBeGreaterThan(1_000);
    expect(slept.length).toBeGreaterThan(9 * 24);
    expect(slept.length).toBeLessThanOrEqual(9 * 25 + 1);
    expect(longestMs).toBeLessThanOrEqual(40 + 15);
    expect(Math.max(...slept)).toBeLessThanOrEqual(40);
  });

  it('never sleeps for a few channels', () => {
    expect(run(10, 5, 15).slept).toEqual([]);
  });

  it('goes on while its own rounds have made the reads fewer', () => {
    // Seven channels are 467 reads a second, and 175 once they are moderated.
    expect(run(10, 7, 15).slept.length).toBeGreaterThan(9 * 24);
  });

  it('asks nobody to sleep when nothing is read', async () => {
    const slept: number[] = [];
    const moderation = new ReadModeration({ monotonic: () => 0 } as Clock, (ms) => slept.push(ms));
    moderation.read();
    await new Promise((resolve) => setImmediate(resolve));
    expect(slept).toEqual([]);
  });
});
