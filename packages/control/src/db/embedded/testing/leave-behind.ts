/**
 * A control process that will be killed: starts the embedded database in the folder it is given and says where
 * it is. Run by the tests beside it.
 */
import pino from 'pino';
import { startEmbeddedPostgres } from '../embedded-postgres.ts';

const dataDir = process.argv[2];
if (dataDir === undefined) throw new Error('The fixture needs a folder.');
const server = await startEmbeddedPostgres({ dataDir, log: pino({ level: 'silent' }) });
process.stdout.write(`${JSON.stringify({ pid: server.pid, connection: server.connection })}\n`);
setInterval(() => undefined, 60_000);
