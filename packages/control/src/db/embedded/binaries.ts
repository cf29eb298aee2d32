import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The oldest server that Backlot works with. Statements stay inside what it understands. */
export const OLDEST_SUPPORTED_MAJOR = 15;

/** A folder with `postgres` and `initdb` that has answered to `postgres --version`. */
export interface PostgresBinaries {
  readonly binDir: string;
  /** As the server says it: `15.18`, `18.4`. */
  readonly version: string;
  readonly major: number;
}

/** The number in `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`; undefined when it is something else. */
export function parseServerVersion(output: string): { version: string; major: number } | undefined {
  const version = /\(PostgreSQL\)\s+(\d+(?:\.\d+)?(?:(?:beta|rc|devel)\d*)?)/.exec(output)?.[1];
  return version === undefined ? undefined : { version, major: Number.parseInt(version, 10) };
}

/**
 * Folders in which an installed PostgreSQL may be, newest first: those on the path, then the usual places of
 * Debian and Ubuntu, Red Hat and SUSE, Homebrew, and the Windows installer.
 */
export function systemBinDirs(
  env: NodeJS.ProcessEnv,
  list: (directory: string) => string[] = listDirectory,
): string[] {
  const onPath = (env.PATH ?? '').split(delimiter).filter((directory) => directory !== '');
  const versioned = (root: string, matches: RegExp, rest: string[]): string[] =>
    list(root)
      .flatMap((name) => {
        const major = matches.exec(name)?.[1];
        return major === undefined ? [] : [{ name, major: Number(major) }];
      })
      .sort((a, b) => b.major - a.major)
      .map(({ name }) => join(root, name, ...rest));
  return [
    ...new Set([
      ...onPath,
      ...versioned('/usr/lib/postgresql', /^(\d+)$/, ['bin']),
      ...versioned('/usr', /^pgsql-(\d+)$/, ['bin']),
      ...versioned('/opt/homebrew/opt', /^postgresql@(\d+)$/, ['bin']),
      ...versioned('/usr/local/opt', /^postgresql@(\d+)$/, ['bin']),
      ...versioned('C:\\Program Files\\PostgreSQL', /^(\d+)$/, ['bin']),
    ]),
  ].filter((directory) => {
    const files = list(directory);
    return files.includes(executable('postgres')) && files.includes(executable('initdb'));
  });
}

/**
 * Asks the server binary of a folder for its version, as the user that will run it: that proves at once that
 * its libraries load and that the user may reach it. Undefined when it does not run.
 */
export async function probeBinaries(
  binDir: string,
  user?: { readonly uid: number; readonly gid: number },
): Promise<PostgresBinaries | undefined> {
  try {
    const { stdout } = await run(join(binDir, executable('postgres')), ['--version'], {
      timeout: 10_000,
      cwd: dirname(process.execPath),
      ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
    });
    const parsed = parseServerVersion(stdout);
    return parsed === undefined ? undefined : { binDir, ...parsed };
  } catch {
    return undefined;
  }
}

/**
 * Which of the found servers to use. A data directory can only be opened by the major version that made it;
 * without one, the first found wins, because the list is in order of preference.
 */
export function chooseBinaries(
  found: readonly PostgresBinaries[],
  dataMajor: number | undefined,
): PostgresBinaries | undefined {
  return found.find(({ major }) =>
    dataMajor === undefined ? major >= OLDEST_SUPPORTED_MAJOR : major === dataMajor,
  );
}

/** File name of a program on this system. */
export function executable(name: string): string {
  return process.platform === 'win32' ? `${name}.exe` : name;
}

function listDirectory(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
