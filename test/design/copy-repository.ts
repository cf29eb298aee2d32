import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../..', import.meta.url)).replace(/[/\\]$/, '');

const leftOut = new Set(['node_modules', '.git', 'dist', '.cache', '.backlot', 'coverage', '.vite']);

/**
 * A copy of the working tree that can be changed at will. Installed packages are links to ours; our own packages
 * are links to the copy's, as npm would have made them, so that nothing of the copy reaches the original. Whoever
 * asks for it removes it.
 */
export function copyRepository(options: { readonly built?: boolean } = {}): string {
  const copy = realpathSync(mkdtempSync(join(tmpdir(), 'backlot-copy-')));
  // PostgreSQL runs as another user, and reads what it needs from the packages.
  chmodSync(copy, 0o755);
  cpSync(repository, copy, {
    recursive: true,
    filter: (source) => source === repository || !leftOut.has(basename(source)),
  });
  linkModules(copy, '');
  for (const area of ['packages', 'workloads']) {
    for (const name of readdirSync(join(repository, area))) linkModules(copy, join(area, name));
  }
  if (options.built) copyBuilt(copy);
  return copy;
}

/** The built console and the note of what it was built from, so that it need not be built again. */
function copyBuilt(copy: string): void {
  for (const place of ['packages/console/dist', '.cache/console-build']) {
    const from = join(repository, place);
    if (existsSync(from)) cpSync(from, join(copy, place), { recursive: true });
  }
}

function linkModules(copy: string, home: string): void {
  const from = join(repository, home, 'node_modules');
  const to = join(copy, home, 'node_modules');
  mkdirSync(join(copy, home), { recursive: true });
  for (const name of readFolder(from)) {
    mkdirSync(to, { recursive: true });
    if (name !== '@backlot') {
      symlinkSync(join(from, name), join(to, name));
      continue;
    }
    mkdirSync(join(to, name));
    for (const own of readFolder(join(from, name))) {
      const place = relative(repository, realpathSync(join(from, name, own)));
      symlinkSync(join(copy, place), join(to, name, own));
    }
  }
}

/** Empty when there is none. Vitest's and Vite's caches stay with the original. */
function readFolder(path: string): string[] {
  try {
    return readdirSync(path).filter((name) => name !== '.cache' && name !== '.vite' && name !== '.vite-temp');
  } catch {
    return [];
  }
}
