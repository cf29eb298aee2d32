import { chooseBinaries, type PostgresBinaries, probeBinaries, systemBinDirs } from './binaries.ts';
import { copyPackage, findPlatformPackage, linkLibraries, type PlatformPackage } from './platform-package.ts';
import type { ServiceUser } from './service-user.ts';

/** What was found: the server to use, and every version that answered, for the message when none fits. */
export interface LocatedBinaries {
  readonly binaries: PostgresBinaries | undefined;
  readonly seen: readonly string[];
}

/** The places to look in; tests bring their own. */
export interface BinarySearch {
  /** Folders with an installed server, the preferred first. */
  readonly system: () => readonly string[];
  readonly npmPackage: () => Promise<PlatformPackage | undefined>;
}

const thisMachine: BinarySearch = {
  system: () => systemBinDirs(process.env),
  npmPackage: () => findPlatformPackage(),
};

/**
 * Looks for a server in order: the configured folder (then nothing else), an installed PostgreSQL, the npm
 * package. The search ends at the first that can open the data, so that a warm start asks one program only.
 *
 * @param directory where a copy of the npm package goes when it can't be used in its place
 */
export async function locateBinaries(
  directory: string,
  user: ServiceUser | undefined,
  dataMajor: number | undefined,
  configured: string | undefined,
  search: BinarySearch = thisMachine,
): Promise<LocatedBinaries> {
  const seen: PostgresBinaries[] = [];
  for await (const found of candidates(directory, user, configured, search)) {
    seen.push(found);
    const binaries = chooseBinaries([found], dataMajor);
    if (binaries) return { binaries, seen: seen.map(({ version }) => version) };
  }
  return { binaries: undefined, seen: [...new Set(seen.map(({ version }) => version))] };
}

async function* candidates(
  directory: string,
  user: ServiceUser | undefined,
  configured: string | undefined,
  search: BinarySearch,
): AsyncGenerator<PostgresBinaries> {
  const places = configured === undefined ? search.system() : [configured];
  for (const place of places) {
    const found = await probeBinaries(place, user);
    if (found) yield found;
  }
  if (configured !== undefined) return;
  const found = await probePackage(directory, user, await search.npmPackage());
  if (found) yield found;
}

/** The npm package where it lies, or a copy beside the data when it can't be linked or reached there. */
async function probePackage(
  directory: string,
  user: ServiceUser | undefined,
  found: PlatformPackage | undefined,
): Promise<PostgresBinaries | undefined> {
  if (found === undefined) return undefined;
  try {
    const inPlace = await probeBinaries(await linkLibraries(found.root), user);
    if (inPlace) return inPlace;
  } catch {
    // A read-only or foreign node_modules: the copy below does not need to change it.
  }
  return probeBinaries(await copyPackage(found, directory), user);
}
