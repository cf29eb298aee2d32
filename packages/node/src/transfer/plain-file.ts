import { constants } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { transferErrors } from '@backlot/contract/errors/transfer';

/**
 * Opens a file that a task has written. The process may be hostile and still running: it could put a link to a file
 * of the machine where its picture should be. Only a regular file with one name, reached through real folders of the
 * work folder, is opened; what is read later is read from this handle and nothing else.
 *
 * @throws output_not_plain
 */
export async function openPlainFile(
  workDir: string,
  path: string,
): Promise<{ file: FileHandle; size: number }> {
  const refuse = (reason: string, cause?: unknown) =>
    new BacklotError(transferErrors.output_not_plain, { params: { path, reason }, cause });
  const full = join(workDir, path);
  const root = await realpath(workDir);
  if (!full.startsWith(join(workDir, sep))) throw refuse('it lies outside');
  let file: FileHandle;
  try {
    // NONBLOCK: opening a pipe that nobody writes to would wait for ever.
    file = await open(full, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    throw refuse(
      code === 'ENOENT' ? 'it is not there' : code === 'ELOOP' ? 'it is a link' : String(code),
      cause,
    );
  }
  try {
    const facts = await file.stat();
    if (!facts.isFile()) throw refuse('it is not a regular file');
    if (facts.nlink !== 1) throw refuse('it has more than one name');
    // The folders on the way may have been links; the name must lead to this very file inside the work folder.
    const real = await realpath(full).catch((cause) => {
      throw refuse('it has been moved', cause);
    });
    if (real !== join(root, path)) throw refuse('a folder on the way is a link');
    return { file, size: facts.size };
  } catch (error) {
    await file.close();
    throw error;
  }
}
