import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { constants, copyFile, mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** The name of a recorder's file among a task's outputs: made of its path's digest, never of its path, which has the title in it. */
export function outputName(path: string, ending: 'flv' | 'xml' = 'flv'): string {
  return `engine/${createHash('sha256').update(path).digest('hex').slice(0, 32)}.${ending}`;
}

/**
 * Copies a finished file into the work folder of the allocation, from where the agent takes it over: where the file system can,
 * without writing its bytes again. No second name for the same bytes: the recorder could still write to it, and the agent
 * refuses files that have other names. @returns its SHA-256
 */
export async function bringIn(from: string, workDir: string, name: string): Promise<string> {
  const to = join(workDir, name);
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to, constants.COPYFILE_FICLONE);
  const file = await open(to, 'r');
  try {
    await file.datasync();
  } finally {
    await file.close();
  }
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(to, { highWaterMark: 1024 * 1024 }))
    hash.update(chunk as Buffer);
  return hash.digest('hex');
}
