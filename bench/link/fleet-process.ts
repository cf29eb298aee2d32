import { createPrivateKey, sign } from 'node:crypto';
import type { ControlMessages, Inventory } from '@backlot/contract';
import { newId } from '@backlot/contract/id';
import { encode } from '@backlot/contract/link/codec';
import { proofText } from '@backlot/contract/link/proof';
import { WebSocket } from 'ws';

/** Simulated nodes: real sockets and signatures, real heartbeats, nothing behind them. */
export interface FleetOrder {
  readonly url: string;
  readonly nodes: readonly { readonly id: string; readonly privateKey: string }[];
}

/** Told to the bench: how many have been welcomed, and the longest that a heartbeat waited for its answer. */
export interface FleetReport {
  readonly welcomed: number;
  readonly closed: number;
  readonly heartbeats: number;
  readonly answered: number;
  readonly slowestMs: number;
}

let welcomed = 0;
let closed = 0;
let heartbeats = 0;
let answered = 0;
let slowestMs = 0;

function inventory(name: string): Inventory {
  return {
    hash: name,
    hostname: name,
    os: { platform: 'linux', release: '6.1', distribution: 'Debian GNU/Linux 12', arch: 'x64' },
    cpu: { model: 'Simulated', cores: 32 },
    capacity: {
      cpu: 32,
      memory: 128e9,
      disk: 1e12,
      packets: 0,
      gpus: [{ index: 0, name: 'Simulated GPU', vram: 24e9, encoderSessions: 8 }],
    },
    capabilities: [
      {
        name: 'ffmpeg',
        version: '5.1',
        features: ['x264'],
        details: {},
        proof: 'simulated',
        provedAt: new Date().toISOString(),
      },
    ],
    labels: { rack: 'a' },
    addresses: ['10.0.0.1'],
  };
}

function connect(url: string, { id, privateKey }: FleetOrder['nodes'][number]): void {
  const key = createPrivateKey(privateKey);
  const socket = new WebSocket(url, { perMessageDeflate: false });
  const bootId = newId();
  let timer: NodeJS.Timeout | undefined;
  let sentAt = 0;
  socket.on('message', (data) => {
    const { t, b } = JSON.parse(data.toString()) as { t: string; b: unknown };
    if (t === 'challenge') {
      const claim = { nodeId: id, epoch: 0, bootId };
      const text = proofText(b as ControlMessages['challenge'], claim);
      const proof = sign(null, Buffer.from(text), key).toString('base64url');
      const hello = { ...claim, protocol: { min: 1, max: 1 }, agentVersion: 'bench', features: [], proof };
      socket.send(encode('hello', hello, { id: 'hello' }));
    } else if (t === 'welcome') {
      welcomed += 1;
      socket.send(encode('inventory', inventory(`bench-${id}`)));
      const { heartbeatMs } = b as ControlMessages['welcome'];
      const beat = () => {
        sentAt = performance.now();
        heartbeats += 1;
        socket.send(encode('heartbeat', { inventoryHash: `bench-${id}`, load: load(), allocations: [] }));
      };
      // Spread over the interval, as a fleet that came up over time is.
      setTimeout(() => {
        beat();
        timer = setInterval(beat, heartbeatMs);
      }, Math.random() * heartbeatMs);
    } else if (t === 'heartbeat-ack') {
      answered += 1;
      slowestMs = Math.max(slowestMs, performance.now() - sentAt);
    }
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    closed += 1;
    clearInterval(timer);
  });
}

function load() {
  return {
    at: new Date().toISOString(),
    cpu: Math.random(),
    memoryUsed: 1e9,
    memoryTotal: 128e9,
    diskUsed: 1e9,
    diskTotal: 1e12,
    networkIn: 0,
    networkOut: 0,
    gpus: [{ index: 0, utilization: 0, vramUsed: 0, vramTotal: 24e9, encoderSessions: 0 }],
  };
}

process.on('message', (message: FleetOrder | 'report' | 'forget') => {
  if (message === 'forget') {
    heartbeats = 0;
    answered = 0;
    slowestMs = 0;
  } else if (message === 'report') {
    process.send?.({ welcomed, closed, heartbeats, answered, slowestMs } satisfies FleetReport);
  } else {
    // Some at a time: a thousand handshakes at once would measure the listen backlog.
    const waiting = [...message.nodes];
    const next = () => {
      for (const node of waiting.splice(0, 25)) connect(message.url, node);
      if (waiting.length > 0) setTimeout(next, 20);
    };
    next();
  }
});
process.on('disconnect', () => process.exit(0));
