import { constants, createReadStream } from 'node:fs';
import { type FileHandle, link, lstat, mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { Readable } from 'node:stream';
import { inTime } from '../../net/in-time.ts';
import { type LeastRate, leastBytes } from '../../net/least-rate.ts';
import { paced } from '../../net/source-slice.ts';
import type { Pace, RemoteFile, Source, Store } from '../store.ts';
import { networkFault, StoreFault } from '../store-fault.ts';
import { firstSync, nextSync } from './sync-size.ts';

export interface FolderStoreOptions {
  /** The target's folder; absolute. */
  readonly folder: string;
  /** Folders that the node's operator allows. */
  readonly allowed: readonly string[];
  /** Opens files; for tests, which have no file server that hangs. */
  readonly openFile?: typeof open;
}

/** What is read back at once: no more than a folder must give in the time that it has for it. */
const compareBytes = leastBytes;

/**
 * A folder of the node, or of a file server that it has mounted. A file grows under a name of its own beside its place,
 * is brought to the disk, and gets its name in one step that never replaces anything.
 */
export class FolderStore implements Store {
  readonly #folder: string;
  readonly #allowed: readonly string[];
  readonly #openFile: typeof open;

  constructor({ folder, allowed, openFile = open }: FolderStoreOptions) {
    this.#folder = folder;
    this.#allowed = allowed;
    this.#openFile = openFile;
  }

  async stat(path: string): Promise<RemoteFile | undefined> {
    try {
      const found = await lstat(await this.#place(path, false));
      if (!found.isFile()) throw new StoreFault('refused', `${path} is no plain file there`);
      return { size: found.size, etag: null, noted: null };
    } catch (error) {
      const nothing = codeOf(error) === 'ENOENT' || (error instanceof StoreFault && error.kind === 'missing');
      if (nothing) return undefined;
      throw fault(error);
    }
  }

  async put(path: string, source: Source, pace: Pace): Promise<RemoteFile> {
    return await inTime(pace, async (rate, signal) => {
      try {
        const place = await this.#place(path, true);
        const part = partOf(place, source);
        const file = await openPart(part, this.#openFile);
        try {
          await this.#grow(file, source, { ...pace, signal }, rate);
        } finally {
          await file.close();
        }
        // One that had been given up while the system wrote for it: another try may be under way.
        signal.throwIfAborted();
        await nameOnce(part, place);
        await syncFolder(dirname(place));
        pace.reached(source.size);
        return { size: source.size, etag: null, noted: null };
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        throw fault(error);
      }
    });
  }

  async read(path: string, from: number, signal: AbortSignal): Promise<Readable> {
    const place = await this.#place(path, false);
    const file = await openPlain(place, constants.O_RDONLY).catch((error: unknown) => {
      throw codeOf(error) === 'ENOENT' ? new StoreFault('missing', `${path} is not there`) : fault(error);
    });
    return Readable.from(createReadStream('', { fd: file, start: from, signal }), { objectMode: false });
  }

  async remove(path: string): Promise<void> {
    await rm(await this.#place(path, false), { force: true });
  }

  async abandon(path: string, source: Source): Promise<void> {
    await rm(partOf(await this.#place(path, false), source), { force: true });
  }

  /** A process that was killed may have left the file that is done under the name of its part, too. */
  async sweep(
    _signal: AbortSignal,
    done?: { readonly path: string; readonly source: Source },
  ): Promise<void> {
    if (!done) return;
    const part = partOf(await this.#place(done.path, false), done.source);
    const found = await lstat(part).catch(() => undefined);
    // One that has no other name is somebody's who still writes it.
    if (found?.isFile() && found.nlink > 1) await rm(part, { force: true });
  }

  close(): void {}

  /** Writes what is missing of a part. What counts as taken is what a sync has brought to the disk, or was there. */
  async #grow(file: FileHandle, source: Source, pace: Pace, rate: LeastRate): Promise<void> {
    const { signal, limits } = pace;
    const from = await commonStart(file, source, signal, rate);
    // What another attempt has written meanwhile stays: all from here on is written over by each of them.
    if ((await file.stat()).size > source.size) await file.truncate(source.size);
    pace.reached(from);
    const turns = { pause: () => rate.pause(), resume: () => rate.resume(), add: () => false };
    let [at, synced, every] = [from, from, firstSync];
    for await (const piece of paced(source.path, { start: from, end: source.size }, pace, turns)) {
      at += await writeAll(file, piece as Buffer, at);
      if (at - synced < every) continue;
      const began = limits.clock.monotonic();
      await file.datasync();
      signal.throwIfAborted();
      every = nextSync(every, limits.clock.monotonic() - began);
      rate.add(at - synced);
      synced = at;
      pace.reached(at);
    }
    await file.sync();
    rate.add(at - synced);
    const { size } = await file.stat();
    if (size !== source.size) {
      throw new StoreFault('damaged', `${size} of ${source.size} bytes stand under the name of the part`);
    }
  }

  /** The target's folder as it really is, checked against what the operator allows: a link must not lead out. */
  async #root(): Promise<string> {
    const real = await realpath(this.#folder).catch((error: unknown) => {
      // A server that is not mounted now is away; its empty mount point must not be filled instead.
      throw new StoreFault('away', `the folder ${this.#folder} is not there`, { cause: error });
    });
    for (const root of this.#allowed) {
      const allowed = await realpath(root).catch(() => undefined);
      if (allowed !== undefined && isBelow(allowed, real)) return real;
    }
    throw new StoreFault('refused', `the folder ${this.#folder} is not allowed on this node`);
  }

  /** Where a path is, with its folders made one after the other, each proved to be inside before anything is made in it. */
  async #place(path: string, make: boolean): Promise<string> {
    const root = await this.#root();
    let folder = root;
    try {
      for (const name of path.split('/').slice(0, -1)) {
        const next = join(folder, name);
        if (make) await mkdir(next).catch(unlessThere);
        folder = await realpath(next);
        if (!isBelow(root, folder)) throw new StoreFault('refused', `${path} leads out of the folder`);
      }
      return join(folder, basename(path));
    } catch (error) {
      const nothing = codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
      if (!make && nothing) throw new StoreFault('missing', `${path} is not there`);
      throw fault(error);
    }
  }
}

function unlessThere(error: unknown): void {
  if (codeOf(error) !== 'EEXIST') throw error;
}

/** Opens a file that is one: never what a link of somebody else's leads to, and no device. */
async function openPlain(path: string, flags: number, openFile = open): Promise<FileHandle> {
  const file = await openFile(path, flags | (constants.O_NOFOLLOW ?? 0), 0o644).catch((error: unknown) => {
    throw codeOf(error) === 'ELOOP' ? new StoreFault('refused', `${basename(path)} is a link there`) : error;
  });
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new StoreFault('refused', `${basename(path)} is no plain file there`);
}

/**
 * The file that grows. One that has another name already was finished, and its process killed before this name went (or
 * somebody keeps copies by links): what is written here would be written into that file, so a new one is begun.
 */
async function openPart(part: string, openFile: typeof open): Promise<FileHandle> {
  // Never for appending: the system would ignore positions then, and two attempts would write behind each other.
  const flags = constants.O_RDWR | constants.O_CREAT;
  const found = await openPlain(part, flags, openFile);
  if ((await found.stat()).nlink <= 1) return found;
  await found.close();
  await rm(part, { force: true });
  return await openPlain(part, flags | constants.O_EXCL, openFile);
}

function isBelow(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !way.startsWith(sep));
}

/** The same for every attempt at the same content, and not for another content under the same name. */
function partOf(place: string, source: Source): string {
  return join(dirname(place), `.${source.sha256.slice(0, 24)}.part`);
}

/** How many bytes at the start are the source's: what a power cut has left may be anything. */
async function commonStart(
  file: FileHandle,
  source: Source,
  signal: AbortSignal,
  rate: LeastRate,
): Promise<number> {
  const { size } = await file.stat();
  const end = Math.min(size, source.size);
  if (end === 0) return 0;
  const ours = await open(source.path, 'r');
  try {
    const [a, b] = [Buffer.alloc(compareBytes), Buffer.alloc(compareBytes)];
    for (let at = 0; at < end; at += compareBytes) {
      signal.throwIfAborted();
      const length = Math.min(compareBytes, end - at);
      await readAll(ours, a, length, at);
      await readAll(file, b, length, at);
      if (!a.subarray(0, length).equals(b.subarray(0, length))) return at;
      rate.add(length);
    }
    return end;
  } finally {
    await ours.close();
  }
}

async function readAll(file: FileHandle, into: Buffer, length: number, position: number): Promise<void> {
  for (let read = 0; read < length; ) {
    const { bytesRead } = await file.read(into, read, length - read, position + read);
    if (bytesRead === 0) throw new StoreFault('damaged', 'a file became shorter while it was read');
    read += bytesRead;
  }
}

async function writeAll(file: FileHandle, piece: Buffer, position: number): Promise<number> {
  for (let written = 0; written < piece.byteLength; ) {
    const { bytesWritten } = await file.write(piece, written, piece.byteLength - written, position + written);
    written += bytesWritten;
  }
  return piece.byteLength;
}

/** A second name that fails where one stands, then the first name goes; where links are unknown, a look and a rename. */
async function nameOnce(part: string, place: string): Promise<void> {
  try {
    await link(part, place);
    await rm(part, { force: true });
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') throw new StoreFault('taken', 'something stands under the name already');
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error;
    const there = await stat(place).catch(() => undefined);
    if (there) throw new StoreFault('taken', 'something stands under the name already');
    await rename(part, place);
  }
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  // Some network file systems refuse this, and have written it by then.
  await handle.sync().catch(() => undefined);
  await handle.close();
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}

function fault(error: unknown): unknown {
  return networkFault(error) ?? error;
}
