import type { WatchContext } from '@backlot/node/workload';
import { readProgress } from './progress.ts';

const watchMs = 1_000;
/** The last reports are found in so many characters. */
const tail = 4_096;

export interface FollowOptions {
  /** How long the film is; 0 tells no share. Milliseconds. */
  readonly wholeMs: number;
  /** A word for people. */
  readonly phase: string;
}

/** Tells what ffmpeg says of itself until the process has ended. Can begin in the middle. */
export async function followProgress(
  context: WatchContext<unknown>,
  { wholeMs, phase }: FollowOptions,
): Promise<void> {
  let from = Math.max(0, (await context.logEnd('stdout').catch(() => 0)) - tail);
  let text = '';
  while (!context.signal.aborted) {
    const part = await context.readLog('stdout', from).catch(() => undefined);
    if (part) {
      from = part.next;
      text = (text + part.text).slice(-2 * tail);
      const told = readProgress(text);
      if (told) {
        const { frame, timeMs, speed } = told;
        context.progress({
          ...(wholeMs > 0 ? { fraction: Math.min(1, timeMs / wholeMs) } : {}),
          detail: { phase, frame, ...(speed === undefined ? {} : { speed }) },
        });
      }
    }
    await context.clock.sleep(watchMs, context.signal).catch(() => undefined);
  }
}
