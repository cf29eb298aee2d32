import { randomInt } from 'node:crypto';
import { flushCompileCache } from 'node:module';
import { systemClock } from '@backlot/contract/clock';
import { serveHost } from '@backlot/node/host-process';
import { watchMethods } from '../../contract/watch.ts';
import { sendPreview } from '../live/send-preview.ts';
import { thumbnailOf } from '../live/thumbnail.ts';
import { Channel } from '../recorder/channel.ts';
import type { Log, ShardParts } from '../recorder/channel-ports.ts';
import { WatchInput } from '../recorder/watch-input.ts';
import { nodeDisk } from '../segments/disk-port.ts';
import { DiskSync } from '../segments/disk-sync.ts';
import type { SourceAdapter } from '../source-port.ts';
import { steadyWall } from '../time/steady-wall.ts';
import { ReadModeration } from './read-moderation.ts';

const say: Log = (message, details = {}) =>
  void process.stderr.write(
    `${JSON.stringify({ time: new Date().toISOString(), level: 'info', msg: message, ...details })}\n`,
  );

/**
 * Makes this process a recorder shard: many channels, each an allocation, which go on when agent and control plane end.
 * Whatever goes wrong in one channel is logged and stays there; only the agent ends the process.
 */
export async function serveShard(options: {
  readonly adapters: readonly SourceAdapter[];
  /** Beside what every channel tells in its progress. */
  readonly detail?: Readonly<Record<string, unknown>>;
}): Promise<void> {
  process.on('uncaughtException', (error) => say('an error that nobody expected', { error: error.stack }));
  process.on('unhandledRejection', (error) =>
    say('a rejection that nobody waited for', {
      error: error instanceof Error ? error.stack : String(error),
    }),
  );
  const reads = new ReadModeration(systemClock);
  const parts: ShardParts = {
    adapters: options.adapters,
    clock: systemClock,
    random: () => randomInt(2 ** 32) / 2 ** 32,
    wall: steadyWall(systemClock),
    disk: nodeDisk,
    sync: new DiskSync(systemClock),
    onRead: () => reads.read(),
    env: process.env,
  };
  const channels = new Map<string, Channel>();
  const server = await serveHost({
    async start(allocation) {
      const input = WatchInput.parse(allocation.input);
      const channel = await Channel.open(
        input,
        parts,
        {
          id: allocation.id,
          workDir: allocation.workDir,
          tell: (report) => allocation.report(report),
          progress: (progress) =>
            allocation.progress({ ...progress, detail: { ...progress.detail, ...options.detail } }),
          diskState: () => allocation.disk(),
        },
        (message, details) => say(message, { allocation: allocation.id, ...details }),
      );
      channels.set(allocation.id, channel);
      try {
        return await channel.run(allocation.signal);
      } finally {
        channels.delete(allocation.id);
      }
    },
    async call(allocation, method, payload) {
      const channel = channels.get(allocation.id);
      if (!channel) throw new Error('The channel is only just beginning.');
      switch (method) {
        case watchMethods.split:
          return { done: channel.split() };
        case watchMethods.stopBroadcast:
          return { done: channel.stopBroadcast() };
        case watchMethods.state:
          return channel.detail();
        case watchMethods.preview:
          return await sendPreview(channel, payload, process.env);
        case watchMethods.thumbnail:
          return await thumbnailOf(channel, payload, process.env);
        default:
          throw new Error(`A channel has no method ${method}.`);
      }
    },
  });
  const end = () => void server.close().finally(() => process.exit(0));
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, end);
  say('the recorder shard listens');
  // Now, not at the end: the end may be a kill.
  flushCompileCache();
}
