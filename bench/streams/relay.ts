import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { percentile } from './percentile.ts';

/** An offer as Unreal makes it has about three kilobytes, a candidate about two hundred bytes. */
const sdp = `v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n${'a=rtcp-fb:96 transport-cc\r\na=fmtp:96 packetization-mode=1;profile-level-id=42e01f\r\n'.repeat(34)}`;
const candidate = {
  candidate:
    'candidate:842163049 1 udp 1677729535 203.0.113.7 46154 typ srflx raddr 0.0.0.0 rport 0 generation 0',
  sdpMid: '0',
  sdpMLineIndex: 0,
};

interface Pair {
  readonly streamer: WebSocket;
  readonly player: WebSocket;
  readonly playerId: string;
}

export interface RelayFigures {
  /** Microseconds of CPU of the relay for a thousand messages. */
  readonly cpuPerThousand: number;
  readonly roundTripP50Ms: number;
  readonly roundTripP99Ms: number;
}

/**
 * One relay in a process of its own and pairs of sockets in ours. `rounds` negotiations of each pair, as they are in
 * life: an offer, an answer, eight candidates each way; then single candidates there and back for the time they take.
 */
export async function measureRelay(
  kind: 'ours' | 'baseline',
  options: {
    readonly pairs: number;
    readonly rounds: number;
    readonly logFile: string;
    readonly signal: AbortSignal;
  },
): Promise<RelayFigures> {
  const { pairs: count, rounds, signal } = options;
  const child = fork(fileURLToPath(new URL('relay-process.ts', import.meta.url)), [kind, options.logFile], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const pairs: Pair[] = [];
  try {
    const [{ port }] = (await once(child, 'message', { signal })) as [{ port: number }];
    for (let index = 0; index < count; index += 1) pairs.push(await connectPair(port, index + 1, signal));
    await negotiate(pairs, Math.ceil(rounds / 2), signal); // Warm, as a server that runs is.
    const before = await cpuOf(child, signal);
    const messages = await negotiate(pairs, rounds, signal);
    const after = await cpuOf(child, signal);
    const trips = await roundTrips(pairs[0] as Pair, 2_000, signal);
    return {
      cpuPerThousand: ((after - before) / messages) * 1_000,
      roundTripP50Ms: percentile(trips, 50),
      roundTripP99Ms: percentile(trips, 99),
    };
  } finally {
    for (const { streamer, player } of pairs) {
      streamer.terminate();
      player.terminate();
    }
    child.disconnect();
    if (child.exitCode === null) await once(child, 'exit');
  }
}

async function connectPair(port: number, number: number, signal: AbortSignal): Promise<Pair> {
  const base = `ws://127.0.0.1:${port}`;
  const playerId = String(number);
  const streamer = new WebSocket(`${base}/signal/streamer/${number}`, { perMessageDeflate: false });
  const identified = until(streamer, (message) => message.type === 'endpointIdConfirm', signal);
  await until(streamer, (message) => message.type === 'identify', signal);
  streamer.send(JSON.stringify({ type: 'endpointId', id: 'x' }));
  await identified;
  const player = new WebSocket(`${base}/signal/player/demo?ticket=${number}`, { perMessageDeflate: false });
  const connected = until(streamer, (message) => message.type === 'playerConnected', signal);
  await until(player, (message) => message.type === 'streamerList', signal);
  player.send(JSON.stringify({ type: 'subscribe', streamerId: 'demo' }));
  await connected;
  return { streamer, player, playerId };
}

/** All pairs at once; resolves with how many messages were relayed. */
async function negotiate(pairs: readonly Pair[], rounds: number, signal: AbortSignal): Promise<number> {
  const perSide = 9;
  await Promise.all(
    pairs.map(async ({ streamer, player, playerId }) => {
      const fromStreamer = [
        JSON.stringify({ type: 'offer', sdp, playerId }),
        ...Array(8).fill(JSON.stringify({ type: 'iceCandidate', candidate, playerId })),
      ];
      const fromPlayer = [
        JSON.stringify({ type: 'answer', sdp, minBitrateBps: 0, maxBitrateBps: 20_000_000 }),
        ...Array(8).fill(JSON.stringify({ type: 'iceCandidate', candidate })),
      ];
      for (let round = 0; round < rounds; round += 1) {
        const arrived = [counted(player, perSide, signal), counted(streamer, perSide, signal)];
        for (const text of fromStreamer) streamer.send(text);
        for (const text of fromPlayer) player.send(text);
        await Promise.all(arrived);
      }
    }),
  );
  return pairs.length * rounds * perSide * 2;
}

async function roundTrips({ streamer, player, playerId }: Pair, count: number, signal: AbortSignal) {
  const there = JSON.stringify({ type: 'iceCandidate', candidate });
  const back = JSON.stringify({ type: 'iceCandidate', candidate, playerId });
  const echo = () => streamer.send(back);
  streamer.on('message', echo);
  const trips: number[] = [];
  for (let trip = 0; trip < count; trip += 1) {
    const begun = performance.now();
    const arrived = counted(player, 1, signal);
    player.send(there);
    await arrived;
    trips.push(performance.now() - begun);
  }
  streamer.off('message', echo);
  return trips;
}

function counted(socket: WebSocket, count: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = count;
    const fail = () => reject(signal.aborted ? signal.reason : new Error('The relay has closed a socket.'));
    const take = () => {
      left -= 1;
      if (left > 0) return;
      socket.off('message', take);
      socket.off('close', fail);
      resolve();
    };
    socket.on('message', take);
    socket.on('close', fail);
  });
}

function until(
  socket: WebSocket,
  fits: (message: { type: string }) => boolean,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const take = (data: unknown) => {
      if (!fits(JSON.parse(String(data)))) return;
      socket.off('message', take);
      resolve();
    };
    socket.on('message', take);
    socket.once('error', reject);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

async function cpuOf(child: ChildProcess, signal: AbortSignal): Promise<number> {
  const answer = once(child, 'message', { signal });
  child.send('cpu');
  const [{ cpuMicros }] = (await answer) as [{ cpuMicros: number }];
  return cpuMicros;
}
