import fs from 'node:fs';
import { mkdir, rename, rm, statfs } from 'node:fs/promises';

/** Buffers given to the system at once; it takes at most 1024 (IOV_MAX). */
const MOST_BUFFERS = 512;

/**
 * What segments need of a file system; small, so that a full disk can be had in a test.
 *
 * `create` and `write` are synchronous on purpose. A write ends in the page cache: 10 µs for what 40 ms of a channel bring.
 * By libuv's pool the same costs five futexes and two changes of thread (measured: a third of all CPU time of a shard), and
 * waits behind every fdatasync that keeps a thread of the pool; meanwhile a kill would take it. A disk that can't keep up
 * makes the shard wait here, as it makes every writer wait, and TCP slows the sources down.
 */
export interface SegmentDisk {
  /** Makes a new file. @returns its descriptor @throws also where there is one */
  create(path: string): number;
  /** @returns how many bytes were written, from the first on; fewer than all where the disk is about to fail @throws */
  write(fd: number, buffers: readonly Buffer[]): number;
  dataSync(fd: number): Promise<void>;
  truncate(fd: number, bytes: number): Promise<void>;
  close(fd: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  makeFolder(path: string): Promise<void>;
  /** Bytes that may still be written in a folder. */
  space(path: string): Promise<number>;
}

const asPromise = (run: (done: (error: Error | null) => void) => void): Promise<void> =>
  new Promise((resolve, reject) => run((error) => (error ? reject(error) : resolve())));

export const nodeDisk: SegmentDisk = {
  create: (path) => fs.openSync(path, 'wx', 0o600),
  write(fd, buffers) {
    const [only] = buffers;
    if (buffers.length === 1 && only) return fs.writeSync(fd, only);
    return fs.writevSync(fd, buffers.slice(0, MOST_BUFFERS));
  },
  dataSync: (fd) => asPromise((done) => fs.fdatasync(fd, done)),
  truncate: (fd, bytes) => asPromise((done) => fs.ftruncate(fd, bytes, done)),
  close: (fd) => asPromise((done) => fs.close(fd, done)),
  rename,
  remove: (path) => rm(path, { force: true }),
  async makeFolder(path) {
    await mkdir(path, { recursive: true });
  },
  async space(path) {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  },
};

/** The disk is full, or the quota is used up. */
export function isNoSpace(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return code === 'ENOSPC' || code === 'EDQUOT';
}
