import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** A file of the recorder's folder. Times are milliseconds since 1970. */
export interface FoundFile {
  /** Relative to the folder, with `/` between its parts: as webhooks name it. */
  readonly path: string;
  readonly size: number;
  readonly changedAt: number;
}

const deepest = 4;
const most = 100_000;

/** All recordings below a folder. Plain files alone: a link in there could lead anywhere. A folder that is not there is empty. */
export async function scanFolder(root: string): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  const visit = async (inside: string, depth: number): Promise<void> => {
    const entries: Dirent[] = await readdir(join(root, inside), { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (found.length >= most) return;
      if (entry.name.startsWith('.')) continue;
      const path = inside === '' ? entry.name : `${inside}/${entry.name}`;
      if (entry.isDirectory() && depth < deepest) await visit(path, depth + 1);
      else if (entry.isFile() && entry.name.toLowerCase().endsWith('.flv')) {
        const facts = await lstat(join(root, path)).catch(() => undefined);
        if (facts?.isFile()) found.push({ path, size: facts.size, changedAt: facts.mtimeMs });
      }
    }
  };
  await visit('', 0);
  return found;
}

/**
 * Whose recording a path is, by the names that BililiveRecorder gives: its default template has the number at the head of the
 * folder (`23058-name/…`), ours is the number alone. Undefined: no telling. Pure.
 */
export function roomOfPath(path: string): number | undefined {
  const [, digits] = /^(\d{1,12})(?=[-_ /])/.exec(path) ?? [];
  return digits === undefined ? undefined : Number(digits);
}
