import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makePrivateDirectory, SUPERUSER } from './cluster.ts';
import type { ServiceUser } from './service-user.ts';

/** Name of the database inside the cluster that holds everything. */
export const DATABASE_NAME = 'backlot';

/** Where the server listens and how to come in. */
export interface ListenPlan {
  /** A directory (Unix socket) or a loopback address. */
  readonly host: string;
  readonly port: number;
  readonly password?: string;
  /** Set where there are no Unix sockets: the file that initdb takes the password from. */
  readonly passwordFile?: string;
  /** The server's own options for it. */
  readonly options: readonly string[];
}

/** `sun_path` of sockaddr_un holds 108 bytes on Linux and 104 on macOS, with the zero at the end. */
const LONGEST_SOCKET_PATH = 103;

/**
 * The directory for the socket: beside the data, or, when that path is too long for a socket address, one in
 * the system's temporary folder whose name follows from the data's path, so that a restart finds the same.
 */
export function socketDirectory(directory: string, temporary: string = tmpdir()): string {
  const beside = join(directory, 'run');
  if (Buffer.byteLength(join(beside, '.s.PGSQL.5432')) <= LONGEST_SOCKET_PATH) return beside;
  const name = createHash('sha256').update(directory).digest('hex').slice(0, 16);
  return join(temporary, `backlot-${name}`);
}

/**
 * Unix sockets only: no port that anybody could knock at, and the directory's permissions decide who comes
 * in. Windows has no use of them here, so there it is loopback with a random password kept beside the data.
 */
export async function planListening(directory: string, user: ServiceUser | undefined): Promise<ListenPlan> {
  if (process.platform === 'win32') return planLoopback(directory);
  const host = socketDirectory(directory);
  await makePrivateDirectory(host, user);
  const port = 5432; // part of the socket's file name only
  return {
    host,
    port,
    options: [
      'listen_addresses=',
      `unix_socket_directories=${quoteListItem(host)}`,
      'unix_socket_permissions=0700',
      `port=${port}`,
    ],
  };
}

/** The address as libpq and `pg` understand it. */
export function connectionString(plan: ListenPlan, database: string = DATABASE_NAME): string {
  const login = plan.password === undefined ? SUPERUSER : `${SUPERUSER}:${encodeURIComponent(plan.password)}`;
  return plan.host.startsWith('/')
    ? `postgresql://${login}@/${database}?host=${encodeURIComponent(plan.host)}&port=${plan.port}`
    : `postgresql://${login}@${plan.host}:${plan.port}/${database}`;
}

async function planLoopback(directory: string): Promise<ListenPlan> {
  await mkdir(directory, { recursive: true });
  const passwordFile = join(directory, 'password');
  const kept = await readFile(passwordFile, 'utf8').catch(() => undefined);
  const password = kept ?? randomBytes(24).toString('hex');
  if (kept === undefined) await writeFile(passwordFile, password, { mode: 0o600 });
  const port = await freePort();
  return {
    host: '127.0.0.1',
    port,
    password,
    passwordFile,
    options: ['listen_addresses=127.0.0.1', 'unix_socket_directories=', `port=${port}`],
  };
}

/** `unix_socket_directories` is a list: a directory with a comma or a space has to stand in quotes. */
function quoteListItem(path: string): string {
  return `"${path.replaceAll('"', '""')}"`;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        if (typeof address === 'object' && address !== null) resolve(address.port);
        else reject(new Error('The system gave no free port.'));
      });
    });
  });
}
