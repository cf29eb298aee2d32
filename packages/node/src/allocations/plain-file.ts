import { lstat } from 'node:fs/promises';
import { join } from 'node:path';

/** A path in the work folder that is no plain file of its own there. */
export class NotAPlainFile extends Error {
  override readonly name = 'NotAPlainFile';
}

/**
 * The absolute path of a file below the work folder, after making sure that it is a plain file reached through plain
 * folders. The work folder belongs to a process that may be hostile: a link there could make us read, check and upload
 * any file of the machine.
 * @throws NotAPlainFile
 */
export async function plainFile(workDir: string, relativePath: string): Promise<string> {
  const parts = relativePath.split('/');
  let path = workDir;
  for (const [index, part] of parts.entries()) {
    path = join(path, part);
    const found = await lstat(path).catch(() => undefined);
    if (!found) throw new NotAPlainFile('it is not there');
    const last = index === parts.length - 1;
    if (last ? !found.isFile() || found.nlink !== 1 : !found.isDirectory())
      throw new NotAPlainFile('it is no plain file');
  }
  return path;
}
