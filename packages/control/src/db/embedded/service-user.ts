import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { storeErrors } from '@backlot/contract/errors/store';

const run = promisify(execFile);

/** The operating system's user that the database server runs as. */
export interface ServiceUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Reads the lines of passwd(5). Entries without a plain positive uid are left out. */
export function parsePasswd(text: string): ServiceUser[] {
  return text.split('\n').flatMap((line) => {
    const [name, , uid, gid] = line.split(':');
    if (!name || name.startsWith('#') || !/^\d+$/.test(uid ?? '') || !/^\d+$/.test(gid ?? '')) return [];
    return [{ name, uid: Number(uid), gid: Number(gid) }];
  });
}

/**
 * Whom to become when started as root, which PostgreSQL refuses. The owner of an existing data directory goes
 * first, so that installing a package later (and with it a user `postgres`) never locks the data away. The
 * user needs an entry in passwd: initdb and the server look up their own name (measured: uid without an
 * entry fails with "could not look up effective user ID").
 */
export function chooseServiceUser(
  users: readonly ServiceUser[],
  dataOwner: number | undefined,
): ServiceUser | undefined {
  const owner = dataOwner ? users.find(({ uid }) => uid === dataOwner) : undefined;
  return (
    owner ?? users.find(({ name }) => name === 'postgres') ?? users.find(({ name }) => name === 'nobody')
  );
}

/** The user to drop to; undefined when this process is not root and simply stays who it is. */
export async function findServiceUser(clusterDirectory: string): Promise<ServiceUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await stat(clusterDirectory).then(
    ({ uid }) => uid,
    () => undefined,
  );
  const user = chooseServiceUser(parsePasswd(readFileSync('/etc/passwd', 'utf8')), owner);
  if (user === undefined) throw new BacklotError(storeErrors.no_service_user);
  return user;
}

/**
 * Proves that the user can work in a directory by letting it try; the permission bits only name the culprit,
 * because they don't know of access control lists and read-only mounts.
 *
 * @throws data_directory_unreachable
 */
export async function requireReachable(directory: string, user: ServiceUser | undefined): Promise<void> {
  if (process.platform === 'win32') return;
  try {
    await run('/usr/bin/env', ['test', '-w', directory, '-a', '-x', directory], {
      cwd: '/',
      timeout: 10_000,
      ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
    });
  } catch (cause) {
    const name = user?.name ?? process.env.USER ?? String(process.getuid?.());
    const obstacle = (user && (await closedParent(directory, user))) ?? directory;
    throw new BacklotError(storeErrors.data_directory_unreachable, {
      params: { user: name, obstacle, directory },
      cause,
    });
  }
}

/** The topmost directory on the way that the user may not pass through, by its permission bits. */
async function closedParent(directory: string, user: ServiceUser): Promise<string | undefined> {
  const way: string[] = [];
  for (let at = directory; ; at = dirname(at)) {
    way.unshift(at);
    if (at === dirname(at)) break;
  }
  for (const step of way) {
    const { mode, uid, gid } = await stat(step);
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return step;
  }
  return undefined;
}
