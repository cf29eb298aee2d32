import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { types } from 'mediasoup';
import { publishRtp } from '../../workloads/rooms/testing/rtp-publisher.ts';
import type { Shard } from '../../workloads/rooms/testing/shard.ts';
import type { CrowdOrder } from './crowd.ts';

/** A picture of 360 lines: 84 packets a second of 1,000 bytes, 660 kbit/s. */
export const packetsPerSecond = 84;

export interface Subject {
  readonly call: Shard['call'];
  readonly workers: readonly types.Worker[];
  consumersOf(): Promise<readonly number[]>;
}

export interface AudienceResult {
  readonly consumers: readonly number[];
  readonly packetsPerSecond: number;
  readonly loss: number;
  /** Cores of each worker, of this process, and of the viewers. */
  readonly workerCores: readonly number[];
  readonly hostCores: number;
  readonly crowdCores: number;
  /** Microseconds of CPU for each packet that arrived. */
  readonly workerMicros: number;
  readonly hostMicros: number;
  readonly joinMs: number;
}

/** One publisher and its encrypted viewers; measured for so many seconds after all have joined. */
export async function measureAudience(
  subject: Subject,
  viewers: number,
  seconds: number,
): Promise<AudienceResult> {
  const crowd = fork(fileURLToPath(new URL('./crowd.ts', import.meta.url)), { execArgv: ['--no-warnings'] });
  const publisher = await publishRtp(subject, { owner: 'stage', kind: 'video', packetsPerSecond });
  try {
    const rtpCapabilities = await subject.call('getRouterRtpCapabilities', {});
    const joining = performance.now();
    for (let id = 0; id < viewers; id += 1) {
      const owner = `viewer-${id}`;
      const { producerId } = publisher;
      const transport = await subject.call('createWebRtcTransport', {
        owner,
        direction: 'recv',
        sctp: false,
      });
      const { transportId } = transport;
      const consumer = await subject.call('consume', { transportId, owner, producerId, rtpCapabilities });
      const { dtlsParameters } = await ask(crowd, { ask: 'join', id, transport, consumers: [consumer] });
      await subject.call('connectWebRtcTransport', {
        transportId,
        owner,
        dtlsParameters: dtlsParameters as never,
      });
      await subject.call('resumeConsumer', { consumerId: consumer.consumerId, owner });
    }
    const joinMs = performance.now() - joining;
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const before = await look(subject, crowd);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
    const after = await look(subject, crowd);
    const wall = after.at - before.at;
    const packets = after.received - before.received;
    const missing = after.missing - before.missing;
    const workerMs = after.workers.map((ms, index) => ms - (before.workers[index] ?? 0));
    const hostMs = after.hostMs - before.hostMs;
    return {
      consumers: await subject.consumersOf(),
      packetsPerSecond: packets / (wall / 1_000),
      loss: missing / Math.max(1, packets + missing),
      workerCores: workerMs.map((ms) => ms / wall),
      hostCores: hostMs / wall,
      crowdCores: (after.crowdMs - before.crowdMs) / wall,
      workerMicros: (workerMs.reduce((a, b) => a + b, 0) * 1_000) / packets,
      hostMicros: (hostMs * 1_000) / packets,
      joinMs,
    };
  } finally {
    publisher.close();
    crowd.kill('SIGKILL');
  }
}

async function look(subject: Subject, crowd: ChildProcess) {
  const [usages, counts] = await Promise.all([
    Promise.all(subject.workers.map((worker) => worker.getResourceUsage())),
    ask(crowd, { ask: 'count', id: -1 }),
  ]);
  const { user, system } = process.cpuUsage();
  return {
    at: performance.now(),
    received: Number(counts.received),
    missing: Number(counts.missing),
    crowdMs: Number(counts.cpuMs),
    workers: usages.map(({ ru_utime, ru_stime }) => ru_utime + ru_stime),
    hostMs: (user + system) / 1_000,
  };
}

function ask(crowd: ChildProcess, order: CrowdOrder): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the viewers do not answer')), 60_000);
    const onMessage = (message: unknown) => {
      const answer = message as Record<string, unknown>;
      if (answer.id !== order.id) return;
      clearTimeout(timer);
      crowd.off('message', onMessage);
      resolve(answer);
    };
    crowd.on('message', onMessage);
    crowd.send(order);
  });
}
