import { statfs } from 'node:fs/promises';
import type { DiskState } from '@backlot/contract';
import type { Clock } from '@backlot/contract/clock';
import type { Logger } from 'pino';
import { type ReserveFile, reserveOf } from './reserve-file.ts';
import { isNotice, judgeDisk, type Watermarks, watermarksOf } from './watermarks.ts';

export interface DiskSpace {
  readonly free: number;
  readonly total: number;
}

/** Free and total bytes of the file system that holds a folder, as far as this user may use them. */
export async function diskSpace(folder: string): Promise<DiskSpace> {
  const facts = await statfs(folder);
  return { free: facts.bavail * facts.bsize, total: facts.blocks * facts.bsize };
}

export interface DiskWatchOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Another state than before. */
  changed(state: DiskState, free: number): void;
  /** Whether what writes and can wait may go on. Called at each look; the watch goes on looking meanwhile. */
  pace(roomy: boolean): Promise<void>;
  /** It is full, or about to be: work that can wait makes room. Called at each look for as long as it is so. */
  relieve(free: number): Promise<void>;
  /**
   * Worth a word to people; at most once in ten minutes.
   * @returns whether somebody has taken it; else it is told again for as long as it is true
   */
  notice(state: DiskState, space: DiskSpace): Promise<boolean>;
  readonly space?: (folder: string) => Promise<DiskSpace>;
}

/** Hundreds of channels write 150 MB in a second. */
const LOOK_MS = 2_000;

/** Watches the disk of the data folder, says how full it is, and keeps a reserve on it. */
export class DiskWatch {
  readonly #options: DiskWatchOptions;
  readonly marks: Watermarks;
  readonly #reserve: ReserveFile;
  #state: DiskState = 'ok';
  #noticedAt: number | undefined;
  /** There is a word that nobody has taken yet: the control plane may be away. */
  #untold = false;
  #telling: Promise<void> | undefined;
  #pacing: Promise<void> | undefined;
  #cancel: (() => void) | undefined;
  #looking: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(options: DiskWatchOptions, total: number) {
    this.#options = options;
    this.marks = watermarksOf(total);
    this.#reserve = reserveOf(options.folder, total);
  }

  static async open(options: DiskWatchOptions): Promise<DiskWatch> {
    const { total } = await (options.space ?? diskSpace)(options.folder);
    return new DiskWatch(options, total);
  }

  get state(): DiskState {
    return this.#state;
  }

  async start(): Promise<void> {
    await this.look();
    this.#schedule();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    await this.#looking;
    await this.#telling;
    await this.#pacing;
  }

  /** Looks now. */
  async look(): Promise<void> {
    const { folder, clock, log, changed, relieve, space = diskSpace } = this.#options;
    const now = await space(folder);
    const before = this.#state;
    this.#state = judgeDisk(now.free, this.marks, before);
    if (this.#state !== before) {
      log.warn({ state: this.#state, free: now.free }, 'the disk of the data folder is in another state');
      changed(this.#state, now.free);
    }
    if (isNotice(this.#state, before, clock.monotonic(), this.#noticedAt)) this.#untold = true;
    if (this.#state === 'ok') this.#untold = false;
    if (this.#untold)
      this.#telling ??= this.#tell(now).finally(() => {
        this.#telling = undefined;
      });
    if (now.free < this.marks.last && (await this.#reserve.giveBack())) {
      log.error({ free: now.free }, 'the reserve is given back to the disk, so that files can be closed');
    }
    this.#pacing ??= this.#pace().finally(() => {
      this.#pacing = undefined;
    });
    if (this.#state === 'full') await relieve(now.free);
    else if (this.#state === 'ok' && now.free > this.marks.soft + this.marks.reserve)
      await this.#reserve.fill();
  }

  /** Apart from the look: a process that is slow to stop must not hold up what makes room for others. */
  async #pace(): Promise<void> {
    const { pace, log } = this.#options;
    await pace(this.#state === 'ok').catch((error: unknown) =>
      log.warn({ err: error }, 'work was not paced'),
    );
  }

  async #tell(now: DiskSpace): Promise<void> {
    if (!(await this.#options.notice(this.#state, now))) return;
    this.#untold = false;
    this.#noticedAt = this.#options.clock.monotonic();
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#cancel = this.#options.clock.after(LOOK_MS, () => {
      this.#looking = this.look()
        .catch((error: unknown) => this.#options.log.warn({ err: error }, 'the disk could not be looked at'))
        .finally(() => this.#schedule());
    });
  }
}
