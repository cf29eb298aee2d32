import { readFileSync } from 'node:fs';
import { processesOf } from '../system/processes.ts';
import type { Studio } from '../system/studio.ts';

/** What can be killed. `process` is the work itself, `runner` the small program that watches over it. */
export type Victim = 'process' | 'runner' | 'agent' | 'control' | 'postgres';

export interface Killer {
  stop(): Promise<void>;
  count(): number;
  /** Who was killed when, for the message of a failed test. */
  story(): string;
}

/** mulberry32: a small generator whose seed makes a run repeatable. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Kills one of the victims after another with SIGKILL, at random pauses, until `blows` have fallen or it is stopped.
 * A victim that isn't there at the moment (it is just being started anew) costs no blow.
 */
export function killAtRandom(
  studio: Studio,
  victims: readonly Victim[],
  { blows, seed, workName = /tiny\/process\.ts/ }: { blows: number; seed: number; workName?: RegExp },
): Killer {
  const random = randomFrom(seed);
  const lines: string[] = [`seed ${seed}`];
  let fallen = 0;
  let stopped = false;
  const begun = performance.now();
  // Parts that everything waits for are given time to come back; a child process is gone and replaced quickly.
  const slow = victims.some((victim) => victim === 'control' || victim === 'postgres' || victim === 'agent');

  const loop = (async () => {
    while (!stopped && fallen < blows) {
      await new Promise((resolve) =>
        setTimeout(resolve, (slow ? 400 : 100) + random() * (slow ? 1_600 : 500)),
      );
      if (stopped) return;
      const victim = victims[Math.floor(random() * victims.length)] ?? 'process';
      const pid = await find(studio, victim, workName, random).catch(() => undefined);
      if (pid === undefined) continue;
      try {
        process.kill(pid, 'SIGKILL');
        fallen += 1;
        lines.push(`${Math.round(performance.now() - begun)} ms: ${victim} ${pid}`);
      } catch {
        // It has just ended by itself.
      }
    }
  })();

  return {
    async stop() {
      stopped = true;
      await loop;
    },
    count: () => fallen,
    story: () => lines.join('\n'),
  };
}

async function find(
  studio: Studio,
  victim: Victim,
  workName: RegExp,
  random: () => number,
): Promise<number | undefined> {
  if (victim === 'agent' || victim === 'control' || victim === 'postgres') {
    const pids = await studio.pids();
    return pids[victim];
  }
  const ours = processesOf(studio.dataDir);
  const matching =
    victim === 'runner'
      ? ours.filter(({ command }) => /max-semi-space-size=1 .*main\.mjs|runner-main/.test(command))
      : ours.filter(
          ({ pid, command }) =>
            workName.test(command) &&
            !/bwrap|main\.mjs|runner-main/.test(readFileSync(`/proc/${pid}/cmdline`, 'latin1')),
        );
  return matching[Math.floor(random() * matching.length)]?.pid;
}
