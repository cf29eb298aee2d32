import { readFileSync } from 'node:fs';
import { systemClock } from '@backlot/contract/clock';
import { shardAdapters } from '../shard/adapters.ts';
import { serveShard } from '../shard/serve-shard.ts';
import { IngestServer } from './ingest-server.ts';
import { pushAdapter } from './push-adapter.ts';
import { PushDesk } from './push-desk.ts';
import { readIngestSettings } from './settings.ts';

/** The ingest of a node: one port, and a recorder shard for the channels whose publishers come to it. */
const { host, port, tls, server: address } = readIngestSettings(process.env);
const desk = new PushDesk(systemClock);
const log = (message: string, details: Record<string, unknown> = {}) =>
  process.stderr.write(
    `${JSON.stringify({ time: new Date().toISOString(), level: 'info', msg: message, ...details })}\n`,
  );

const server = await IngestServer.open({
  host,
  port,
  ...(tls
    ? { tls: { port: tls.port, cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) } }
    : {}),
  desk,
  clock: systemClock,
  log,
});
log('the ingest listens', { host, ports: server.ports });
await serveShard({ adapters: [...shardAdapters, pushAdapter(desk)], detail: { ingest: address } });
