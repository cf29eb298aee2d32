import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Id, newId } from '@backlot/contract';

/**
 * The name of this control replica, kept in its data folder: after a restart it takes over at once what it led
 * before, because two lives of one replica never run together.
 */
export async function replicaName(dataDir: string): Promise<string> {
  const file = join(dataDir, 'replica');
  await mkdir(dataDir, { recursive: true });
  const known = Id.safeParse((await readFile(file, 'utf8').catch(() => '')).trim());
  if (known.success) return known.data;
  const made = newId();
  await writeFile(file, `${made}\n`, { mode: 0o644 });
  return made;
}
