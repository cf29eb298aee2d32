import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import {
  chmod,
  copyFile,
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  realpath,
  rm,
  stat,
  utimes,
} from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { transferErrors } from '@backlot/contract/errors/transfer';

/**
 * The time of last change that a held file is given. Whoever writes to it gives it another one, and it counts as damaged:
 * it is handed out as a hard link, and not every process that gets one runs in a sandbox.
 */
const VERIFIED_S = 1;

/** Whether a held file is there, whole, and as it was. */
export async function isIntact(path: string, size: number): Promise<boolean> {
  const facts = await stat(path).catch(() => undefined);
  return facts !== undefined && facts.size === size && facts.mtimeMs === VERIFIED_S * 1000;
}

export interface Placed {
  readonly digest: string;
  readonly size: number;
  /** The file's name in the work folder, to be removed once it is written down that it is held. */
  readonly leftover: string;
}

/** Puts a file where its digest has its place, when nobody else does so; called once, before anything is there. */
export type PlaceFor = (digest: string, put: (target: string) => Promise<void>) => Promise<void>;

/**
 * Gives a finished file of a work folder a second name among the held ones, without moving a byte. Done again after a
 * crash in the middle it finds what it has done.
 *
 * @returns nothing when there is no such file
 * @throws output_not_plain, output_changed
 */
export async function placeFile(
  workDir: string,
  file: { readonly path: string; readonly digest?: string | undefined },
  place: PlaceFor,
  signal: AbortSignal,
): Promise<Placed | undefined> {
  const opened = await openOwnFile(workDir, file.path);
  if (!opened) return undefined;
  const { handle } = opened;
  const source = join(workDir, file.path);
  try {
    const { size } = await handle.stat();
    const digest = file.digest ?? (await hash(handle, file.path, size, signal));
    // What is told must be there after a power cut too.
    await handle.datasync();
    await place(digest, (target) => put(handle, source, file.path, target));
    return { digest, size, leftover: source };
  } finally {
    await handle.close();
  }
}

/** @param path how the file is called in a refusal */
async function put(handle: FileHandle, source: string, path: string, target: string): Promise<void> {
  const facts = await handle.stat();
  if (
    facts.nlink !== 1 &&
    !(facts.nlink === 2 && (await lstat(target).catch(() => undefined))?.ino === facts.ino)
  ) {
    throw refusal(path, 'it has more than one name');
  }
  await mkdir(dirname(target), { recursive: true, mode: 0o750 });
  await linkTo(source, target, facts.size);
  const placed = await lstat(target);
  if (placed.ino !== facts.ino && !(await isIntact(target, facts.size))) {
    // It was exchanged for another between our look and the link.
    if (placed.nlink > 1) await rm(target, { force: true });
    throw refusal(path, 'it has been exchanged');
  }
  await chmod(target, 0o444);
  await utimes(target, VERIFIED_S, VERIFIED_S);
}

/** Errors of opening that say nothing against the file. */
const MACHINES_OWN: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EIO', 'EINTR', 'ENOSPC']);

async function linkTo(source: string, target: string, size: number): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await link(source, target);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? '';
      if (code === 'EEXIST') {
        const [ours, there] = await Promise.all([lstat(source), lstat(target).catch(() => undefined)]);
        if (there && (there.ino === ours.ino || (await isIntact(target, size)))) return;
        if (tries >= 3) throw error;
        // Damaged, or half a copy: what comes now is better.
        await rm(target, { force: true });
      } else if (['EXDEV', 'EPERM', 'ENOTSUP', 'EMLINK'].includes(code)) {
        await copyFile(source, target, constants.COPYFILE_FICLONE);
        await utimes(target, VERIFIED_S, VERIFIED_S);
        return;
      } else {
        throw error;
      }
    }
  }
}

/** Opens a regular file reached through real folders of the work folder. @returns nothing when it is not there */
async function openOwnFile(workDir: string, path: string): Promise<{ handle: FileHandle } | undefined> {
  const full = join(workDir, path);
  if (!full.startsWith(join(workDir, sep))) throw refusal(path, 'it lies outside');
  let handle: FileHandle;
  try {
    // NONBLOCK: opening a pipe that nobody writes to would wait for ever.
    handle = await open(full, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return undefined;
    if (MACHINES_OWN.has(code ?? '')) throw cause;
    throw refusal(path, code === 'ELOOP' ? 'it is a link' : String(code), cause);
  }
  try {
    if (!(await handle.stat()).isFile()) throw refusal(path, 'it is not a regular file');
    const [root, real] = await Promise.all([realpath(workDir), realpath(full)]);
    if (real !== join(root, path)) throw refusal(path, 'a folder on the way is a link');
    return { handle };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function refusal(path: string, reason: string, cause?: unknown): BacklotError {
  return new BacklotError(transferErrors.output_not_plain, { params: { path, reason }, cause });
}

async function hash(file: FileHandle, path: string, size: number, signal: AbortSignal): Promise<string> {
  const sha256 = createHash('sha256');
  let length = 0;
  // Not given the signal: aborted before anybody listens, a stream throws where nobody can catch it.
  for await (const chunk of file.createReadStream({ start: 0, autoClose: false }) as AsyncIterable<Buffer>) {
    signal.throwIfAborted();
    sha256.update(chunk);
    length += chunk.length;
  }
  if (length !== size) throw new BacklotError(transferErrors.output_changed, { params: { path } });
  return sha256.digest('hex');
}
