import { join } from 'node:path';
import type { DatabaseAddress } from '@backlot/control/db/pool';
import type { Logger } from 'pino';
import type { ControlSettings } from '../config/control-settings.ts';

/** A database to talk to, and the end of what was started for it. */
export interface OpenedAddress {
  readonly address: DatabaseAddress;
  close(): Promise<void>;
}

/**
 * The configured database server, or an embedded one that is started and belongs to the caller.
 * @throws data_directory_in_use when another process has the embedded one, and what its start throws.
 */
export async function openDatabaseAddress(settings: ControlSettings, log: Logger): Promise<OpenedAddress> {
  const { databaseUrl, dataDir, pgBin } = settings;
  if (databaseUrl !== undefined) return { address: databaseUrl, close: () => Promise.resolve() };
  const { startEmbeddedPostgres } = await import('@backlot/control/db/embedded/embedded-postgres');
  const postgres = await startEmbeddedPostgres({
    dataDir: join(dataDir, 'postgres'),
    log,
    ...(pgBin === undefined ? {} : { binDir: pgBin }),
  });
  return { address: postgres.connection, close: () => postgres.close() };
}

/** The same for a visitor: a server that runs already, of this installation, is used and left running. */
export async function visitDatabaseAddress(settings: ControlSettings, log: Logger): Promise<OpenedAddress> {
  if (settings.databaseUrl === undefined) {
    const { runningEmbedded } = await import('@backlot/control/db/embedded/running-embedded');
    const running = await runningEmbedded(join(settings.dataDir, 'postgres'));
    if (running) return { address: running, close: () => Promise.resolve() };
  }
  return openDatabaseAddress(settings, log);
}
