import { ShardSettings } from '@backlot/rooms/contract';
import type { types } from 'mediasoup';
import type { MediaHost } from '../../workloads/rooms/node/media/media-host.ts';
import { CallRoom } from '../../workloads/rooms/testing/call-room.ts';
import { openShard } from '../../workloads/rooms/testing/shard.ts';

export interface OutageResult {
  readonly signal: 'SIGKILL' | 'SIGSTOP';
  /** Milliseconds from the signal until every viewer receives again, one for each round, sorted. */
  readonly times: readonly number[];
  readonly stuck: number;
  /** Packets that viewers of another room missed meanwhile. */
  readonly missedElsewhere: number;
}

const longestMs = 15_000;

/** Kills or stops the home worker of a room of 20, again and again, while another room goes on. */
export async function measureOutages(
  host: MediaHost,
  codecs: types.RouterRtpCodecCapability[],
  signal: OutageResult['signal'],
  rounds: number,
): Promise<OutageResult> {
  const settings = ShardSettings.parse({ codecs });
  const quiet = new CallRoom(await openShard(host, settings), 50);
  const hit = new CallRoom(await openShard(host, settings), 30);
  const times: number[] = [];
  let stuck = 0;
  try {
    await quiet.open(2);
    await hit.open(20);
    for (let round = 0; round < rounds; round += 1) {
      await until(() => hit.viewers.length === 20 && hit.viewers.every(({ received }) => received > 10));
      const slot = host.rooms.get(hit.room.allocation)?.sites.all[0]?.slot;
      if (!slot?.running) throw new Error('the room has no home');
      const at = performance.now();
      const old = new Set(hit.viewers);
      process.kill(slot.running.worker.pid, signal);
      const isBack = () =>
        hit.viewers.length === 20 && hit.viewers.every((viewer) => !old.has(viewer) && viewer.received > 0);
      if (await until(isBack)) times.push(performance.now() - at);
      else stuck += 1;
      await until(() => slot.running !== undefined);
    }
    const missedElsewhere = quiet.viewers.reduce((sum, { missing }) => sum + missing, 0);
    return { signal, times: times.sort((a, b) => a - b), stuck, missedElsewhere };
  } finally {
    quiet.close();
    hit.close();
    await quiet.room.close();
    await hit.room.close();
  }
}

async function until(condition: () => boolean): Promise<boolean> {
  const end = performance.now() + longestMs;
  while (!condition()) {
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return true;
}
