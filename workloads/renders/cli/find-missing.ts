import { dirname } from 'node:path';
import { type LocalFile, listFolder } from './upload.ts';

/**
 * Finds files that the server asks for among those beside the model. The names come from the model, which may be
 * anybody's: nothing outside of the model's own folder is ever looked at, whatever a name says.
 */
export async function findMissing(
  model: string,
  wanted: readonly string[],
): Promise<{ found: LocalFile[]; absent: string[] }> {
  const beside = await listFolder(dirname(model)).catch(() => []);
  const found: LocalFile[] = [];
  const absent: string[] = [];
  for (const name of wanted) {
    const file = match(name, beside);
    if (file) found.push({ path: file.path, name });
    else absent.push(name);
  }
  return { found, absent };
}

/** The same relative name, without regard to case; else the only file of that name in any folder. */
export function match(wanted: string, files: readonly LocalFile[]): LocalFile | undefined {
  const name = wanted.toLowerCase();
  const exact = files.find((file) => file.name.toLowerCase() === name);
  if (exact) return exact;
  const last = name.split('/').at(-1);
  const same = files.filter((file) => file.name.toLowerCase().split('/').at(-1) === last);
  return same.length === 1 ? same[0] : undefined;
}
