import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of its own, in memory: the only disk that a test may fill. */
export interface SmallDisk {
  readonly folder: string;
  /** Bytes that may still be written. */
  free(): Promise<number>;
  /** Somebody else's file grows, or is made, until so many bytes are free. It is written, not only promised. */
  fill(name: string, leave: number): Promise<void>;
  unmount(): void;
}

/** Mounts a tmpfs. @returns why it can't be had here, for the message of a test that is skipped */
export function mountSmallDisk(megabytes: number): SmallDisk | { readonly why: string } {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return { why: 'mounting a tmpfs needs root on Linux' };
  const folder = mkdtempSync(join(tmpdir(), 'backlot-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'tmpfs', folder], {
      stdio: 'pipe',
    });
  } catch (error) {
    rmSync(folder, { recursive: true });
    return { why: `a tmpfs can’t be mounted here: ${String(error).split('\n')[0]}` };
  }
  const free = async () => {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  };
  return {
    folder,
    free,
    async fill(name, leave) {
      const block = Buffer.alloc(64 * 1024, 1);
      const file = openSync(join(folder, name), 'a', 0o600);
      try {
        for (let room = (await free()) - leave; room > 0; room = (await free()) - leave)
          writeSync(file, block, 0, Math.min(Math.ceil(room), block.length));
      } catch (error) {
        // Others write there too, and may have been quicker.
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      } finally {
        closeSync(file);
      }
    },
    unmount() {
      try {
        execFileSync('umount', [folder], { stdio: 'pipe' });
      } catch {
        // Somebody has a file open there: out of sight now, and gone with its last user.
        execFileSync('umount', ['-l', folder], { stdio: 'pipe' });
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
