import { randomInt } from 'node:crypto';
import { systemClock } from '@backlot/contract/clock';
import { serveHost } from '@backlot/node/host-process';
import { MediaHostSettings } from '../../contract/media/settings.ts';
import { MediaHost } from './media-host.ts';
import { settingsVariable } from './settings.ts';

/**
 * The media host of a node: one process for all rooms there, which lives on when agent and control plane end. It never ends
 * by itself: whatever goes wrong in a room is logged and stays there.
 */
const say = (level: 'info' | 'warn', message: string, details: Record<string, unknown> = {}) =>
  process.stderr.write(
    `${JSON.stringify({ time: new Date().toISOString(), level, msg: message, ...details })}\n`,
  );

process.on('uncaughtException', (error) =>
  say('warn', 'an error that nobody expected', { error: error.stack }),
);
process.on('unhandledRejection', (error) =>
  say('warn', 'a rejection that nobody waited for', { error: String(error) }),
);

const settings = MediaHostSettings.parse(JSON.parse(process.env[settingsVariable] ?? '{}'));
const host = await MediaHost.open({
  settings,
  clock: systemClock,
  random: () => randomInt(2 ** 32) / 2 ** 32,
  log: say,
});
const server = await serveHost(host);
// mediasoup listens for these signals to end its workers, and whoever listens must end the process too.
const end = () => {
  host.close();
  void server.close().finally(() => process.exit(0));
};
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, end);
const ports = host.pool.slots.map(({ port }) => port);
say('info', 'the media host listens', { workers: settings.workers, ports });

if (settings.statusLogMs > 0) {
  setInterval(async () => {
    if (host.rooms.size === 0) return;
    const { workers, rooms } = await host.usage();
    say('info', 'rooms', { rooms, workers });
  }, settings.statusLogMs);
}
