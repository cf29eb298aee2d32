import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clearAbandoned } from '@backlot/control/db/embedded/abandoned';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@backlot/control/db/embedded/embedded-postgres';
import pino from 'pino';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of the socket at which the run's main process hands out its PostgreSQL server. */
    backlotPostgresBroker: string;
  }
}

const PREFIX = 'backlot-test-pg-';

/**
 * One real PostgreSQL server per test run, owned by the run's main process and started when the first test
 * asks for it, so that runs without database tests pay nothing. Durability is off: these databases live for
 * seconds, and what a crash of the server does is tested with servers of their own.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), PREFIX));
  await chmod(directory, 0o755); // the server may run as another user
  const log = pino({ level: 'silent' });
  let server: Promise<EmbeddedPostgres> | undefined;

  const start = async (): Promise<EmbeddedPostgres> => {
    await sweepAbandoned();
    return startEmbeddedPostgres({
      dataDir: join(directory, 'postgres'),
      log,
      settings: ['fsync=off', 'full_page_writes=off', 'synchronous_commit=off', 'max_connections=300'],
    });
  };

  const broker = createServer((socket) => {
    socket.on('error', () => undefined);
    server ??= start();
    server.then(
      ({ connection }) => socket.end(JSON.stringify({ connection })),
      (error: unknown) => socket.end(JSON.stringify({ error: String(error) })),
    );
  });
  const path =
    process.platform === 'win32' ? `\\\\.\\pipe\\${PREFIX}${process.pid}` : join(directory, 'broker.sock');
  await new Promise<void>((resolve, reject) => {
    broker.once('error', reject);
    broker.listen(path, resolve);
  });
  project.provide('backlotPostgresBroker', path);

  return async () => {
    await new Promise((resolve) => broker.close(resolve));
    await (await server?.catch(() => undefined))?.close();
    await rm(directory, { recursive: true, force: true });
  };
}

/** Ends servers of runs that were killed before their end, and removes their folders. */
async function sweepAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue;
    const directory = join(tmpdir(), name);
    if (await clearAbandoned(join(directory, 'postgres'), pino({ level: 'silent' }))) {
      await rm(directory, { recursive: true, force: true });
    }
  }
}
