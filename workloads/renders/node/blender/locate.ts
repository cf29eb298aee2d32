import { constants } from 'node:fs';
import { access, readdir, realpath } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** Where Blender is installed by people and packages when it is not on the path; `*` is any folder. */
const usualPlaces: Readonly<Record<string, readonly string[]>> = {
  linux: ['/opt/blender*/blender', '/usr/local/blender*/blender', '/snap/bin/blender'],
  darwin: ['/Applications/Blender*.app/Contents/MacOS/Blender'],
  win32: ['C:\\Program Files\\Blender Foundation\\Blender *\\blender.exe'],
};

/**
 * All Blenders of this machine, each once, the preferred one first: those named by `BLENDER` of the configuration
 * (`BACKLOT_BLENDER`, several separated as in PATH), then the one on PATH, then the usual places.
 */
export async function locateBlenders(
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform = process.platform,
): Promise<string[]> {
  const name = platform === 'win32' ? 'blender.exe' : 'blender';
  const candidates = [
    ...split(env.BACKLOT_BLENDER),
    ...split(env.PATH).map((folder) => join(folder, name)),
    ...(await Promise.all((usualPlaces[platform] ?? []).map(expand))).flat(),
  ];
  const found = new Set<string>();
  for (const candidate of candidates) {
    try {
      await access(candidate, constants.X_OK);
      found.add(await realpath(candidate));
    } catch {
      // Not there, or not to be run by us.
    }
  }
  return [...found];
}

function split(value: string | undefined): string[] {
  return (value ?? '').split(delimiter).filter((part) => part !== '');
}

/** Files that match a pattern with `*` inside single folder names; newest version (by name) first. */
async function expand(pattern: string): Promise<string[]> {
  const separator = pattern.includes('\\') ? '\\' : '/';
  let paths = [''];
  for (const part of pattern.split(separator)) {
    const next: string[] = [];
    for (const path of paths) {
      const prefix = path === '' && part !== '' ? '' : `${path}${separator}`;
      if (!part.includes('*')) {
        next.push(`${prefix}${part}`);
        continue;
      }
      const [before = '', after = ''] = part.split('*');
      const names = await readdir(path === '' ? separator : path).catch(() => []);
      const matching = names.filter((name) => name.startsWith(before) && name.endsWith(after));
      next.push(
        ...matching.sort((a, b) => b.localeCompare(a, 'en', { numeric: true })).map((n) => prefix + n),
      );
    }
    paths = next;
  }
  return paths;
}
