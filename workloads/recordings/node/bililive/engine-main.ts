import { serveHost } from '@backlot/node/host-process';
import { Engine } from './engine.ts';
import type { Say } from './recorder-process.ts';
import { readEngineSettings } from './settings.ts';

const say: Say = (msg, details = {}) =>
  void process.stderr.write(
    `${JSON.stringify({ time: new Date().toISOString(), level: 'info', msg, ...details })}\n`,
  );

/** The process of a node that talks to its BililiveRecorder, and runs it where that is configured. */
process.on('uncaughtException', (error) => say('an error that nobody expected', { error: error.stack }));
process.on('unhandledRejection', (error) =>
  say('a rejection that nobody waited for', { error: String(error) }),
);
const settings = readEngineSettings(process.env);
if (!settings)
  throw new Error('This node has no BililiveRecorder: BACKLOT_BILILIVE_BINARY or _URL is not set.');
const engine = await Engine.open(settings, say);
const server = await serveHost({
  start: (allocation) => engine.follow(allocation),
  call: (allocation, method) => engine.call(allocation, method),
});
const end = () =>
  void server
    .close()
    .then(() => engine.close())
    .finally(() => process.exit(0));
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, end);
say('the engine listens');
