import type { Clock } from '@backlot/contract/clock';
import type { types } from 'mediasoup';
import type { WorkerSlot } from '../workers/worker-slot.ts';

/** A pipe is closed so long after the last who used it, in milliseconds: a viewer who comes back finds it. */
export const pipeLingerMs = 10_000;

interface Pipe {
  readonly ready: Promise<{ id: string; close(): void }>;
  users: number;
  cancel: () => void;
}

/** What can be piped. */
export type Source = { readonly site: RoomSite; readonly id: string; readonly kind: 'media' | 'data' };

/**
 * One router of a room on one worker, and what is piped to it from the others. The router itself is mediasoup's; this knows
 * which producers are here under which id, and closes a pipe that nobody uses any more.
 */
export class RoomSite {
  readonly slot: WorkerSlot;
  readonly router: types.Router;
  /** Sites with payload types of their own are told apart by this; empty: the room's. */
  readonly codecKey: string;
  readonly #clock: Clock;
  readonly #pipes = new Map<string, Pipe>();
  consumers = 0;
  transports = 0;

  constructor(slot: WorkerSlot, router: types.Router, clock: Clock, codecKey = '') {
    this.slot = slot;
    this.router = router;
    this.#clock = clock;
    this.codecKey = codecKey;
    router.observer.once('close', () => this.#forget());
  }

  get closed(): boolean {
    return this.router.closed;
  }

  /** Producers and data producers that are piped to here at the moment. */
  get piped(): number {
    return this.#pipes.size;
  }

  /**
   * Brings a producer here, once for all who want it, and gives the id that it has here. Each `take` needs its `leave`.
   * Rejects when either router has died meanwhile.
   */
  async take(source: Source): Promise<string> {
    if (source.site === this) return source.id;
    let pipe = this.#pipes.get(source.id);
    if (!pipe) {
      pipe = { ready: this.#open(source), users: 0, cancel: () => {} };
      this.#pipes.set(source.id, pipe);
    }
    pipe.users += 1;
    pipe.cancel();
    try {
      return (await pipe.ready).id;
    } catch (error) {
      if (this.#pipes.get(source.id) === pipe) this.#pipes.delete(source.id);
      throw error;
    }
  }

  leave(source: { readonly site: RoomSite; readonly id: string }): void {
    const pipe = this.#pipes.get(source.id);
    if (source.site === this || !pipe) return;
    pipe.users -= 1;
    if (pipe.users > 0) return;
    pipe.cancel = this.#clock.after(pipeLingerMs, () => {
      this.#pipes.delete(source.id);
      pipe.ready.then(
        ({ close }) => close(),
        () => {},
      );
    });
  }

  async #open(source: Source): Promise<{ id: string; close(): void }> {
    // Two routers of one worker can't have producers of the same id (mediasoup keeps them in one table).
    const keepId = source.site.slot !== this.slot;
    const result = await source.site.router.pipeToRouter({
      router: this.router,
      keepId,
      ...(source.kind === 'media' ? { producerId: source.id } : { dataProducerId: source.id }),
    });
    const far = result.pipeProducer ?? result.pipeDataProducer;
    const near = result.pipeConsumer ?? result.pipeDataConsumer;
    if (!far || !near) throw new Error('the pipe gave no producer');
    const gone = () => this.#pipes.delete(source.id);
    result.pipeProducer?.observer.once('close', gone);
    result.pipeDataProducer?.observer.once('close', gone);
    return { id: far.id, close: () => near.close() };
  }

  #forget(): void {
    for (const { cancel } of this.#pipes.values()) cancel();
    this.#pipes.clear();
  }
}
