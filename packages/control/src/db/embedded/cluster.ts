import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { storeErrors } from '@backlot/contract/errors/store';
import { executable, type PostgresBinaries } from './binaries.ts';
import { requireReachable, type ServiceUser } from './service-user.ts';

/** The superuser's name inside the database. Only who may open the socket gets that far. */
export const SUPERUSER = 'backlot';

/** The major version that made a data directory; undefined when there is none yet. */
export async function readDataMajor(dataDirectory: string): Promise<number | undefined> {
  const text = await readFile(join(dataDirectory, 'PG_VERSION'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : Number.parseInt(text, 10);
}

/**
 * Makes a directory for the server's user alone. It may stand in a folder that everybody can write to, so the
 * change of owner goes through an open handle that follows no link somebody may have put there.
 */
export async function makePrivateDirectory(path: string, user: ServiceUser | undefined): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  if (process.platform === 'win32') return;
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    if (user) await handle.chown(user.uid, user.gid);
    await handle.chmod(0o700);
  } finally {
    await handle.close();
  }
}

/**
 * The environment of the server's programs: nothing of ours but the path. `LC_ALL=C` keeps every message in
 * English, which readiness and failures are recognised by, and sorting independent of the machine.
 */
export function serverEnvironment(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    LC_ALL: 'C',
    LANG: 'C',
    TZ: 'UTC',
  };
  // Windows programs do not load their libraries without these.
  for (const name of ['SystemRoot', 'windir', 'TEMP', 'TMP'])
    if (process.env[name]) env[name] = process.env[name];
  return env;
}

/**
 * Makes a new cluster with checksummed pages in the C locale. It is made beside its place and then moved
 * there, so that being killed half way leaves nothing that looks like a database.
 *
 * @param passwordFile where the superuser's password stands, for systems without Unix sockets
 * @throws database_start_failed with what initdb said, data_directory_unreachable
 */
export async function createCluster(
  binaries: PostgresBinaries,
  dataDirectory: string,
  user: ServiceUser | undefined,
  passwordFile?: string,
): Promise<void> {
  const draft = `${dataDirectory}.new`;
  await rm(draft, { recursive: true, force: true });
  await makePrivateDirectory(draft, user);
  await requireReachable(draft, user);
  const auth = passwordFile
    ? ['--auth=scram-sha-256', `--pwfile=${passwordFile}`]
    : // The socket's directory is closed to everybody but this user and root: that is the authentication.
      ['--auth-local=trust', '--auth-host=reject'];
  const args = ['-D', draft, '-U', SUPERUSER, '--locale=C', '--encoding=UTF8', '--data-checksums', ...auth];
  const { code, output } = await runInitdb(join(binaries.binDir, executable('initdb')), args, user);
  if (code !== 0) {
    await rm(draft, { recursive: true, force: true });
    throw new BacklotError(storeErrors.database_start_failed, {
      params: { directory: dataDirectory, reason: lastLines(output) },
    });
  }
  await rename(draft, dataDirectory);
}

/** What a person needs of a long output: its last lines, in one. */
export function lastLines(output: string, count = 4): string {
  const lines = output.split('\n').flatMap((line) => line.trim() || []);
  return lines.slice(-count).join(' · ') || 'it said nothing';
}

function runInitdb(
  program: string,
  args: readonly string[],
  user: ServiceUser | undefined,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: dirname(program),
      env: serverEnvironment(),
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 120_000,
      killSignal: 'SIGKILL',
      ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
    });
    let output = '';
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString('utf8')).slice(-8_192);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', (error) => resolve({ code: null, output: error.message }));
    child.once('close', (code) => resolve({ code, output }));
  });
}
