import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { SUPERUSER } from './cluster.ts';
import type { EmbeddedConnection } from './embedded-postgres.ts';
import { DATABASE_NAME } from './listen.ts';
import { processStartTime } from './process-table.ts';

/** What a server writes about itself into `postmaster.pid` (PostgreSQL's miscadmin.h, LOCK_FILE_LINE_*). */
export interface PostmasterFile {
  readonly pid: number;
  readonly port: number;
  /** Directory of the Unix socket; empty when there is none. */
  readonly socketDirectory: string;
  readonly ready: boolean;
}

/** Reads `postmaster.pid`; undefined when it is not (yet) complete. */
export function parsePostmasterFile(text: string): PostmasterFile | undefined {
  const lines = text.split('\n').map((line) => line.trim());
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  if (!Number.isInteger(pid) || pid <= 0 || !Number.isInteger(port) || port <= 0) return undefined;
  return { pid, port, socketDirectory: lines[4] ?? '', ready: lines[7] === 'ready' };
}

/**
 * How to reach the embedded server that runs in a folder, started by whatever process; undefined when none does.
 * For commands that work beside a running control plane, such as a backup.
 */
export async function runningEmbedded(dataDir: string): Promise<EmbeddedConnection | undefined> {
  const directory = await realpath(dataDir).catch(() => undefined);
  if (directory === undefined) return undefined;
  const text = await readFile(join(directory, 'data', 'postmaster.pid'), 'utf8').catch(() => '');
  const server = parsePostmasterFile(text);
  if (!server?.ready || processStartTime(server.pid) === undefined) return undefined;
  const password = await readFile(join(directory, 'password'), 'utf8').catch(() => undefined);
  return {
    host: server.socketDirectory === '' ? '127.0.0.1' : server.socketDirectory,
    port: server.port,
    user: SUPERUSER,
    database: DATABASE_NAME,
    ...(password === undefined ? {} : { password }),
  };
}
