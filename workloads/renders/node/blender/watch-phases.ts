import type { WatchContext } from '@backlot/node/workload';
import { pause } from '../pause.ts';
import { readProgress } from './exchange.ts';

/** How often the progress file is looked at. Small files on a local disk: cheap enough to feel immediate. */
export const PROGRESS_INTERVAL_MS = 200;

/** Follows the phases of a script as a fraction; for tasks whose parts are known but can't be counted. */
export function watchPhases(fractions: Readonly<Record<string, number>>) {
  return async (context: WatchContext<unknown>): Promise<void> => {
    let last = '';
    while (!context.signal.aborted) {
      const phases = (await readProgress(context.workDir)).flatMap((line) =>
        line.event === 'phase' ? [line.name] : [],
      );
      const name = phases.at(-1);
      const fraction = name === undefined ? undefined : fractions[name];
      if (name !== undefined && fraction !== undefined && name !== last) {
        last = name;
        context.progress({ fraction, detail: { phase: name } });
      }
      await pause(PROGRESS_INTERVAL_MS, context.signal);
    }
  };
}
