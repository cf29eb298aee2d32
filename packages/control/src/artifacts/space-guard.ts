import { BacklotError, type Clock, healthPhrases, kernelErrors, reason } from '@backlot/contract';
import type { BlobStore, HealthReporter } from '../kernel.ts';

export interface SpaceGuardOptions {
  readonly blobs: Pick<BlobStore, 'space'>;
  readonly health: HealthReporter;
  readonly clock: Clock;
  /** Free bytes below which nothing new is accepted. */
  readonly reserve: number;
}

/** An answer of the file system is good for so long; asking costs a system call. */
const FRESH_MS = 1_000;

/**
 * Refuses new bytes while there is still room for what runs to finish and for the database to write: read-only
 * before zero. Health says so as long as it lasts.
 */
export class SpaceGuard {
  readonly #options: SpaceGuardOptions;
  #free = Number.POSITIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(options: SpaceGuardOptions) {
    this.#options = options;
  }

  /**
   * Makes sure that `bytes` more leave the reserve untouched.
   *
   * @throws storage_full
   */
  async require(bytes: number): Promise<void> {
    const free = await this.#measure();
    if (free - bytes >= this.#options.reserve) return;
    throw new BacklotError(kernelErrors.storage_full, { params: { free }, retryAfterS: 60 });
  }

  /** Looks how things stand and tells health. */
  async check(): Promise<void> {
    const { health, reserve } = this.#options;
    try {
      const free = await this.#measure();
      if (free >= reserve) health.set('storage', 'ok');
      else health.set('storage', 'degraded', reason(healthPhrases, 'health.storage_low', { free, reserve }));
    } catch {
      health.set('storage', 'degraded', reason(healthPhrases, 'health.storage_away'));
    }
  }

  async #measure(): Promise<number> {
    const now = this.#options.clock.monotonic();
    if (now - this.#askedAt >= FRESH_MS) {
      this.#free = (await this.#options.blobs.space())?.free ?? Number.POSITIVE_INFINITY;
      this.#askedAt = now;
    }
    return this.#free;
  }
}
