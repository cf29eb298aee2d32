import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ChangedHoldings } from '@backlot/contract';
import type { Clock } from '@backlot/contract/clock';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { transferErrors } from '@backlot/contract/errors/transfer';
import type { Logger } from 'pino';
import type { OutputFile } from '../workload.ts';
import { DigestLocks } from './digest-locks.ts';
import { type Amount, type HeldFile, HoldingLedger, type Letter } from './ledger.ts';
import { isIntact, type PlaceFor, placeFile } from './place-file.ts';

/** How long what was deleted can be taken back. Milliseconds. */
export const trashMs = 24 * 3_600_000;
const EMPTY_EVERY_MS = 60_000;

export interface HoldingsOptions {
  /** Of its own, on the file system of the work folders: files come by a second name, not as a copy. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Whose file it is. */
export interface HoldingOwner {
  readonly allocation: string;
  readonly task: string;
}

type Changed = ChangedHoldings['holdings'][number];

/**
 * The bytes that stay on this node, by content: `<folder>/<aa>/<digest>`, and `trash/<digest>` for a day after they were
 * deleted. The ledger knows what they are called; that they are there, only the disk does.
 */
export class Holdings {
  readonly #options: HoldingsOptions;
  readonly ledger: HoldingLedger;
  /** The disk and the ledger are changed one after the other: nobody may come between with the same bytes. */
  readonly #locks = new DigestLocks();
  #cancel: (() => void) | undefined;
  #emptying: Promise<void> = Promise.resolve();
  #closed = false;
  /** Copies that an earlier agent left in the trash have been looked for. */
  #tidied = false;

  private constructor(options: HoldingsOptions, ledger: HoldingLedger) {
    this.#options = options;
    this.ledger = ledger;
  }

  /** Opens what an earlier agent held. A ledger that can't be read is put aside, and made anew from the files. */
  static async open(options: HoldingsOptions): Promise<Holdings> {
    const { folder, clock, log } = options;
    await mkdir(join(folder, 'trash'), { recursive: true, mode: 0o750 });
    const path = join(folder, 'ledger.sqlite');
    try {
      return new Holdings(options, HoldingLedger.open(path));
    } catch (error) {
      const aside = `${path}.unreadable-${clock.now()}`;
      log.error({ err: error, aside }, 'the ledger of what this node holds can’t be read, and is made anew');
      for (const end of ['', '-wal', '-shm'])
        await rename(`${path}${end}`, `${aside}${end}`).catch(() => undefined);
      const holdings = new Holdings(options, HoldingLedger.open(path));
      await holdings.#recount();
      return holdings;
    }
  }

  /** Begins to empty the trash. */
  start(): void {
    if (this.#closed) return;
    this.#cancel = this.#options.clock.after(EMPTY_EVERY_MS, () => {
      this.#emptying = this.emptyTrash()
        .then(
          () => undefined,
          (error: unknown) => this.#options.log.warn({ err: error }, 'the trash could not be emptied'),
        )
        .finally(() => this.start());
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    await this.#emptying;
    await this.ledger.close();
  }

  pathOf(digest: string): string {
    return join(this.#options.folder, digest.slice(0, 2), digest);
  }

  get held(): Amount {
    return this.ledger.total('held');
  }
  get trash(): Amount {
    return this.ledger.total('trashed');
  }

  /** Where the bytes are, when they are here and as they were. */
  async find(digest: string, size: number): Promise<string | undefined> {
    const path = this.pathOf(digest);
    return (await isIntact(path, size)) ? path : undefined;
  }

  /** The size of held bytes; nothing when they are not here. */
  async sizeOf(digest: string): Promise<number | undefined> {
    const facts = await stat(this.pathOf(digest)).catch(() => undefined);
    return facts?.isFile() ? facts.size : undefined;
  }

  /**
   * Takes finished files of a work folder, and writes them down together with the letters that tell of them. Repeated
   * after a crash, or by a host that did not hear the answer, it changes nothing.
   *
   * @param letters made of what was taken: all files, and those that were not here under this name before
   * @throws output_not_plain for the first file that is not what it should be; then nothing is written down
   */
  async take(
    owner: HoldingOwner,
    workDir: string,
    files: readonly OutputFile[],
    letters: (fresh: readonly HeldFile[]) => readonly Letter[],
    signal: AbortSignal,
  ): Promise<void> {
    const releases: (() => void)[] = [];
    try {
      const { fresh, leftovers } = await this.#place(owner, workDir, files, releases, signal);
      const again = fresh.filter(({ digest }) => this.ledger.find(digest)?.state === 'trashed');
      await this.ledger.keep(fresh, letters(fresh));
      // They are held now: nobody would ever look for the copies that were thrown away.
      for (const { digest } of again) await rm(this.#trashOf(digest), { force: true });
      for (const path of leftovers) await rm(path, { force: true });
    } finally {
      for (const release of releases) release();
    }
  }

  /** @param releases filled with what lets others move these bytes again */
  async #place(
    owner: HoldingOwner,
    workDir: string,
    files: readonly OutputFile[],
    releases: (() => void)[],
    signal: AbortSignal,
  ): Promise<{ readonly fresh: readonly HeldFile[]; readonly leftovers: readonly string[] }> {
    const fresh: HeldFile[] = [];
    const leftovers: string[] = [];
    const share = async (digest: string) => void releases.push(await this.#locks.share(digest));
    const place: PlaceFor = async (digest, put) => {
      await share(digest);
      await this.#locks.inTurn(digest, () => put(this.pathOf(digest)));
    };
    for (const file of files) {
      const placed = await placeFile(workDir, file, place, signal);
      const known = this.ledger.named(owner.task, file.name);
      if (placed) {
        leftovers.push(placed.leftover);
        // What has gone into the trash under this name is here anew.
        const isHeld = this.ledger.find(placed.digest)?.state === 'held';
        if (placed.digest !== known || !isHeld) fresh.push(this.#row(owner, file, placed));
        continue;
      }
      // It was taken before, by an agent that died before it could say so.
      if (known !== undefined) continue;
      if (file.digest !== undefined) await share(file.digest);
      const size = file.digest === undefined ? undefined : await this.sizeOf(file.digest);
      if (file.digest === undefined || size === undefined) {
        throw new BacklotError(transferErrors.output_not_plain, {
          params: { path: file.path, reason: 'it is not there' },
        });
      }
      fresh.push(this.#row(owner, file, { digest: file.digest, size }));
    }
    return { fresh, leftovers };
  }

  /** What is held of a task, by name. */
  ofTask(task: string): HeldFile[] {
    return this.ledger.ofTask(task);
  }

  /** Puts bytes into the trash. Asked again it answers the same. @param needed whether something here works with them */
  async discard(digests: readonly string[], needed: (digest: string) => boolean): Promise<Changed[]> {
    const changed: Changed[] = [];
    for (const digest of digests) {
      const state = await this.#locks.alone(digest, async () => {
        if (needed(digest)) return 'kept';
        const moved = await move(this.pathOf(digest), this.#trashOf(digest));
        if (!moved && !(await exists(this.#trashOf(digest)))) {
          await this.ledger.forget(digest);
          return 'gone';
        }
        await this.#known(digest, this.#trashOf(digest));
        await this.ledger.setState(digest, 'trashed', this.#options.clock.now());
        return 'trashed';
      });
      changed.push({ digest, state });
    }
    return changed;
  }

  /** Takes bytes out of the trash. */
  async restore(digests: readonly string[]): Promise<Changed[]> {
    const changed: Changed[] = [];
    for (const digest of digests) {
      const state = await this.#locks.alone(digest, async () => {
        const there = await this.#takeBack(digest);
        if (there) await this.ledger.setState(digest, 'held', this.#options.clock.now());
        else await this.ledger.forget(digest);
        return there ? 'held' : 'gone';
      });
      changed.push({ digest, state });
    }
    return changed;
  }

  /** One place for the bytes, and no copy in the trash. @returns false when they are in neither */
  async #takeBack(digest: string): Promise<boolean> {
    const path = this.pathOf(digest);
    await mkdir(dirname(path), { recursive: true, mode: 0o750 });
    const size = this.ledger.find(digest)?.size;
    // What came anew is as good as what was thrown away, unless somebody has written to it.
    if (size !== undefined && (await isIntact(path, size))) {
      await rm(this.#trashOf(digest), { force: true });
      return true;
    }
    return (await move(this.#trashOf(digest), path)) || (await exists(path));
  }

  /** Copies in the trash of bytes that are held: an agent died between writing down that they are, and removing the copy. */
  async #tidyTrash(): Promise<void> {
    for (const digest of await readdir(join(this.#options.folder, 'trash'))) {
      if (this.ledger.find(digest)?.state !== 'held') continue;
      await this.#locks.alone(digest, async () => {
        const now = this.ledger.find(digest);
        if (now?.state !== 'held' || !(await isIntact(this.pathOf(digest), now.size))) return;
        await rm(this.#trashOf(digest), { force: true });
      });
    }
  }

  /** Removes what has been in the trash for a day. */
  async emptyTrash(): Promise<number> {
    if (!this.#tidied) await this.#tidyTrash();
    this.#tidied = true;
    let emptied = 0;
    for (;;) {
      const before = this.#options.clock.now() - trashMs;
      const due = this.ledger.trashedBefore(before);
      for (const { digest } of due) {
        await this.#locks.alone(digest, async () => {
          // It may have been taken back, or thrown away anew, while we waited.
          const now = this.ledger.find(digest);
          if (now?.state !== 'trashed' || now.trashedAt === null || now.trashedAt >= before) return;
          await rm(this.#trashOf(digest), { force: true });
          await this.ledger.forget(digest, 'trashed');
          emptied += 1;
        });
      }
      if (due.length === 0) return emptied;
    }
  }

  #trashOf(digest: string): string {
    return join(this.#options.folder, 'trash', digest);
  }

  #row(owner: HoldingOwner, file: OutputFile, { digest, size }: { digest: string; size: number }): HeldFile {
    const { name, kind, mediaType, meta = {} } = file;
    return { ...owner, digest, size, name, kind, mediaType, meta, since: this.#options.clock.now() };
  }

  /** Bytes without a row, after a power cut: they get one, so that the trash is emptied of them. */
  async #known(digest: string, path: string): Promise<void> {
    if (this.ledger.find(digest)) return;
    const { size } = await stat(path);
    await this.ledger.adopt(digest, size, this.#options.clock.now());
  }

  async #recount(): Promise<void> {
    const { folder, clock } = this.#options;
    for (const shard of await readdir(folder)) {
      if (!/^([0-9a-f]{2}|trash)$/.test(shard)) continue;
      for (const digest of await readdir(join(folder, shard))) {
        if (!/^[0-9a-f]{64}$/.test(digest)) continue;
        const { size } = await stat(join(folder, shard, digest));
        if (shard === 'trash' && (await isIntact(this.pathOf(digest), size))) {
          await rm(this.#trashOf(digest), { force: true });
          continue;
        }
        await this.ledger.adopt(digest, size, clock.now());
        if (shard === 'trash') await this.ledger.setState(digest, 'trashed', clock.now());
      }
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** @returns false when there is nothing to move */
async function move(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
