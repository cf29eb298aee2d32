import type { Clock } from '@backlot/contract';
import type { Store } from '../db/database.ts';
import type { HealthBoard } from './health.ts';
import { checkDatabase } from './routes.ts';

/** A restart of the database takes a second or two; whoever looks at the health dot should see it. */
const everyMs = 5_000;

/** Looks at the database every few seconds and notes on the board how it is. */
export function watchDatabase(deps: {
  readonly store: Pick<Store, 'check'>;
  readonly board: HealthBoard;
  readonly clock: Clock;
}): { close(): Promise<void> } {
  const stop = new AbortController();
  const run = async () => {
    while (!stop.signal.aborted) {
      await checkDatabase(deps);
      await deps.clock.sleep(everyMs, stop.signal).catch(() => undefined);
    }
  };
  const done = run();
  return {
    async close() {
      stop.abort();
      await done;
    },
  };
}
