import { open, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@backlot/contract/clock';
import type { Logger } from 'pino';

/** Given back to the disk when it is full, so that journals and exit files can still be written. */
const RESERVE_BYTES = 64 * 1024 * 1024;
/** Below this, batch work is ended before it makes the machine unusable. */
const LOW_BYTES = 256 * 1024 * 1024;
const LOOK_MS = 5_000;

/** Free and total bytes of the file system that holds a folder, as far as this user may use them. */
export async function diskSpace(folder: string): Promise<{ readonly free: number; readonly total: number }> {
  const facts = await statfs(folder);
  return { free: facts.bavail * facts.bsize, total: facts.blocks * facts.bsize };
}

/** What an offer must leave free beside what it takes. */
export function floorFor(total: number): number {
  return Math.max(2 * LOW_BYTES, Math.min(total * 0.02, 10e9));
}

/**
 * Whether there is room for more: what is free, less what the work here was promised and has not used yet, must hold
 * the new work and leave the floor.
 */
export function admits(
  space: { readonly free: number; readonly total: number },
  promised: number,
  wanted: number,
): { readonly ok: boolean; readonly needed: number } {
  const needed = promised + wanted + floorFor(space.total);
  return { ok: space.free >= needed, needed };
}

export interface DiskGuardOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** The disk is nearly full. Called at each look for as long as it is. */
  low(free: number): Promise<void>;
}

/** Watches the disk of the data folder and keeps a reserve on it. */
export class DiskGuard {
  readonly #options: DiskGuardOptions;
  readonly #reserve: string;
  #cancel: (() => void) | undefined;
  #closed = false;

  constructor(options: DiskGuardOptions) {
    this.#options = options;
    this.#reserve = join(options.folder, 'reserve');
  }

  async start(): Promise<void> {
    await this.#look();
    this.#schedule();
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#cancel = this.#options.clock.after(LOOK_MS, () => {
      this.#look()
        .catch((error: unknown) => this.#options.log.warn({ err: error }, 'the disk could not be looked at'))
        .finally(() => this.#schedule());
    });
  }

  async #look(): Promise<void> {
    const { folder, log, low } = this.#options;
    const { free } = await diskSpace(folder);
    if (free < LOW_BYTES) {
      log.error({ free }, 'the disk of the data folder is nearly full');
      await rm(this.#reserve, { force: true });
      await low(free);
    } else if (free > LOW_BYTES + 2 * RESERVE_BYTES) {
      await this.#refill();
    }
  }

  /** Written, not only promised: a sparse file would reserve nothing. */
  async #refill(): Promise<void> {
    const facts = await stat(this.#reserve).catch(() => undefined);
    if (facts?.size === RESERVE_BYTES) return;
    const file = await open(this.#reserve, 'w', 0o600);
    try {
      const block = Buffer.alloc(4 * 1024 * 1024, 0x2d);
      for (let at = 0; at < RESERVE_BYTES; at += block.length) await file.write(block, 0, block.length, at);
    } finally {
      await file.close();
    }
  }
}
