import type { Clock } from '@backlot/contract/clock';
import type { Logger } from 'pino';
import { diskSpace } from './disk-watch.ts';
import { reserveOf } from './reserve-file.ts';
import { noticeMs, startBytes } from './watermarks.ts';

/** Between two looks at a disk on which an agent can't start, in milliseconds. */
const LOOK_MS = 2_000;

/**
 * An agent that starts on a full disk: it takes what was kept for that, and where there is nothing it waits for room instead
 * of ending. What runs on this machine goes on meanwhile.
 *
 * @throws the signal's reason
 */
export async function roomToStart(options: {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { folder, clock, log, signal } = options;
  let saidAt: number | undefined;
  for (;;) {
    const { free, total } = await diskSpace(folder);
    if (free >= startBytes(total)) return;
    if (await reserveOf(folder, total).remove()) {
      log.error({ free }, 'the disk of the data folder is full: the rest of the reserve is used to start');
      continue;
    }
    if (saidAt === undefined || clock.monotonic() - saidAt >= noticeMs) {
      saidAt = clock.monotonic();
      log.error({ free, folder }, 'the disk of the data folder is full: the agent starts when there is room');
    }
    await clock.sleep(LOOK_MS, signal);
  }
}
