#!/usr/bin/env node
/**
 * `node bench/rooms/index.ts [viewers] [seconds] [rounds]`: what a media host carries, against mediasoup with nothing of ours
 * in the same run, and how long people are without media when a worker dies or hangs.
 */
import { systemClock } from '@backlot/contract/clock';
import { codecsOf, MediaHostSettings, ShardSettings } from '@backlot/rooms/contract';
import type { types } from 'mediasoup';
import { MediaHost } from '../../workloads/rooms/node/media/media-host.ts';
import { locateWorkers } from '../../workloads/rooms/node/worker/locate.ts';
import { openShard } from '../../workloads/rooms/testing/shard.ts';
import { type AudienceResult, measureAudience } from './audience.ts';
import { openBareRoom } from './bare.ts';
import { measureOutages, type OutageResult } from './outages.ts';

const [viewers = 300, seconds = 10, rounds = 10] = process.argv.slice(2).map(Number);
const [workerBin] = await locateWorkers(process.env);
if (!workerBin)
  throw new Error('There is no mediasoup worker: node scripts/setup/mediasoup-worker.mjs makes one.');
const codecs = codecsOf(['opus', 'vp8']) as types.RouterRtpCodecCapability[];

function openHost(workers: number): Promise<MediaHost> {
  return MediaHost.open({
    settings: MediaHostSettings.parse({
      workerBin,
      workers,
      listenIp: '127.0.0.1',
      basePort: 0,
      logLevel: 'error',
      logTags: [],
    }),
    clock: systemClock,
    random: Math.random,
    log: () => {},
  });
}

const host = await openHost(2);
const room = await openShard(host, ShardSettings.parse({ codecs, keyFrameRequestDelayMs: 2_000 }));
const ours = await measureAudience(
  {
    call: room.call,
    workers: host.pool.slots.flatMap(({ running }) => (running ? [running.worker] : [])),
    consumersOf: async () => (await host.usage()).workers.map(({ consumers }) => consumers),
  },
  viewers,
  seconds,
);
await room.close();
host.close();

const onHome = ours.consumers[0] ?? viewers;
const bareRoom = await openBareRoom(workerBin, codecs, onHome);
const bare = await measureAudience(bareRoom, viewers, seconds);
await bareRoom.close();

show('Backlot', ours);
show('mediasoup alone', bare);
const share = (ours.hostMicros - bare.hostMicros) / (ours.workerMicros + ours.hostMicros);
console.log(`our share of a packet's cost: ${(share * 100).toFixed(1)} %\n`);

const survivors = await openHost(3);
for (const signal of ['SIGKILL', 'SIGSTOP'] as const)
  showOutage(await measureOutages(survivors, codecs, signal, rounds));
survivors.close();
process.exit(0);

function show(name: string, result: AudienceResult): void {
  const cores = result.workerCores.map((value) => value.toFixed(2)).join(' + ');
  console.log(
    `${name}: ${viewers} encrypted viewers, consumers per worker ${result.consumers.join(' + ')}\n` +
      `  ${Math.round(result.packetsPerSecond)} packets/s, loss ${(result.loss * 100).toFixed(3)} %\n` +
      `  workers ${cores} cores, ${result.workerMicros.toFixed(1)} µs per packet; host process ${result.hostCores.toFixed(3)} cores, ${result.hostMicros.toFixed(2)} µs per packet\n` +
      `  viewers' process ${result.crowdCores.toFixed(2)} cores; all joined in ${(result.joinMs / 1_000).toFixed(1)} s`,
  );
}

function showOutage({ signal, times, stuck, missedElsewhere }: OutageResult): void {
  const at = (share: number) =>
    Math.round(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0);
  console.log(
    `${signal} of the home worker of a room of 20, ${rounds} times: media back for all in ${at(0.5)} ms (median), ` +
      `${at(0.95)} ms (p95), ${at(1)} ms (longest); ${stuck} stuck; another room missed ${missedElsewhere} packets`,
  );
}
