import { eventSubjects } from '@backlot/control/workload';
import type { Ground } from '../ground.ts';
import { sweepUnknown } from '../sweep.ts';
import { followJob } from './follow-job.ts';

/** However much happens, the tables are looked at no more often than this. Milliseconds. */
const pauseMs = 100;

/**
 * Looks at the tasks of instances whenever the kernel has written events. Not a reaction to the events themselves: most of
 * them are about other people's tasks, thousands a second on a busy farm, and each would cost a question of its own.
 */
export class JobFollower {
  readonly #ground: Ground;
  #unsubscribe: (() => void) | undefined;
  #cancel: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  start(): void {
    this.#unsubscribe = this.#ground.kernel.fabric.subscribe(eventSubjects.appended, () => this.#soon());
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unsubscribe?.();
    this.#cancel?.();
    await this.#running;
  }

  #soon(): void {
    if (this.#closed || this.#cancel) return;
    const { kernel } = this.#ground;
    this.#cancel = kernel.clock.after(pauseMs, () => {
      this.#running = this.#running
        .then(() => {
          // From here on another wake-up may come: what it tells of is not seen by this look.
          this.#cancel = undefined;
          return sweepUnknown(this.#ground, (jobId) => followJob(this.#ground, jobId));
        })
        .catch((error: unknown) => kernel.log.debug({ err: error }, 'instances could not be looked at'));
    });
  }
}
