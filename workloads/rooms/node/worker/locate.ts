import { constants } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The mediasoup that this code is written for; its worker must be of the same version. */
export const mediasoupVersion = '3.27.1';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Folders in which `scripts/setup/mediasoup-worker` keeps workers, one per recipe; the script has the same list. Outside
 * node_modules, which `npm ci` wipes; shared between clones where there is a home.
 */
export function workerCaches(
  env: Environment,
  platform: NodeJS.Platform = process.platform,
  repository = fileURLToPath(new URL('../../../../.cache', import.meta.url)),
): string[] {
  const home = env.HOME ?? env.USERPROFILE ?? homedir();
  const user =
    platform === 'win32'
      ? (env.LOCALAPPDATA ?? join(home, 'AppData', 'Local'))
      : platform === 'darwin'
        ? join(home, 'Library', 'Caches')
        : env.XDG_CACHE_HOME || join(home, '.cache');
  return [join(user, 'backlot', 'mediasoup-worker'), join(repository, 'mediasoup-worker')];
}

/**
 * Programs that may be mediasoup workers, the preferred one first: what the configuration names (`BACKLOT_MEDIASOUP_WORKER`,
 * else mediasoup's own `MEDIASOUP_WORKER_BIN`), else the newest that was built or downloaded for this version. None of them
 * counts before it has passed a handshake.
 */
export async function locateWorkers(
  env: Environment,
  platform: NodeJS.Platform = process.platform,
): Promise<string[]> {
  const named = env.BACKLOT_MEDIASOUP_WORKER || env.MEDIASOUP_WORKER_BIN;
  // `skip` is how mediasoup's installation is told to leave the worker alone.
  if (named && named !== 'skip') return (await isProgram(named)) ? [named] : [];
  const name = platform === 'win32' ? 'mediasoup-worker.exe' : 'mediasoup-worker';
  const found: { path: string; changed: number }[] = [];
  for (const cache of workerCaches(env, platform)) {
    const folders = await readdir(cache).catch(() => []);
    for (const folder of folders.filter((entry) => entry.startsWith(`${mediasoupVersion}-`))) {
      const path = join(cache, folder, name);
      if (await isProgram(path)) found.push({ path, changed: (await stat(path)).mtimeMs });
    }
  }
  return found.sort((a, b) => b.changed - a.changed).map(({ path }) => path);
}

async function isProgram(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
