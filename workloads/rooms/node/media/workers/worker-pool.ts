import type { Clock } from '@backlot/contract/clock';
import type { MediaHostSettings } from '../../../contract/media/settings.ts';
import type { WorkerLoad } from '../placement/choose.ts';
import { loadOf } from '../placement/cost.ts';
import { WorkerSlot } from './worker-slot.ts';

export interface WorkerPoolParts {
  readonly settings: MediaHostSettings;
  readonly clock: Clock;
  onLost(slot: WorkerSlot, hung: boolean): void;
  warn(message: string, details: Record<string, unknown>): void;
}

/** All workers of a node. */
export class WorkerPool {
  readonly slots: readonly WorkerSlot[];
  readonly #budget: number;

  private constructor(slots: readonly WorkerSlot[], budget: number) {
    this.slots = slots;
    this.#budget = budget;
  }

  static async open(parts: WorkerPoolParts): Promise<WorkerPool> {
    const slots = Array.from(
      { length: parts.settings.workers },
      (_, index) => new WorkerSlot({ ...parts, index }),
    );
    try {
      await Promise.all(slots.map((slot) => slot.open()));
    } catch (error) {
      for (const slot of slots) slot.close();
      throw error;
    }
    return new WorkerPool(slots, parts.settings.packetsPerWorker);
  }

  get budget(): number {
    return this.#budget;
  }

  loads(): WorkerLoad[] {
    return this.slots.map((slot) => ({
      index: slot.index,
      load: loadOf(slot.ledger.predicted, slot.cores, this.#budget),
      budget: this.#budget,
      running: slot.running !== undefined,
    }));
  }

  slot(index: number): WorkerSlot {
    const slot = this.slots[index];
    if (!slot) throw new Error(`There is no worker ${index}.`);
    return slot;
  }

  close(): void {
    for (const slot of this.slots) slot.close();
  }
}
