import { createPrivateKey, sign } from 'node:crypto';
import type { ControlMessages, Inventory } from '@backlot/contract';
import { newId } from '@backlot/contract/id';
import { encode } from '@backlot/contract/link/codec';
import { proofText } from '@backlot/contract/link/proof';
import { WebSocket } from 'ws';

/**
 * One simulated node of any size: a real link with a real signature, and no machine behind it. An instance that it is
 * given "starts" at once: its streamer connects with its launch ticket, as Unreal's would, and makes an offer to every
 * player that it is told of. Resets are acknowledged.
 */
export interface NodeOrder {
  readonly url: string;
  readonly id: string;
  readonly privateKey: string;
}
export type NodeQuestion = 'report' | 'cut-streamers';
export interface NodeReport {
  readonly instances: number;
  readonly connected: number;
  readonly playersConnected: number;
  readonly closes: Readonly<Record<string, number>>;
}

/** About as long as an offer of Unreal's. */
const sdp = `v=0\r\n${'a=fmtp:96 packetization-mode=1;profile-level-id=42e01f\r\n'.repeat(55)}`;
const order = JSON.parse(process.argv[2] ?? '{}') as NodeOrder;
const bootId = newId();
const running = new Map<string, { fence: number; seq: number; streamer: Streamer | undefined }>();
let playersConnected = 0;
/** How streamers were closed, and how often. */
const closes = new Map<string, number>();

const inventory: Inventory = {
  hash: 'bench',
  hostname: 'bench',
  os: { platform: 'linux', release: '6.1', arch: 'x64' },
  cpu: { model: 'Simulated', cores: 10_000 },
  capacity: { cpu: 10_000, memory: 1e15, disk: 1e15, packets: 0, gpus: [] },
  capabilities: [
    {
      name: 'streams',
      features: ['linux', 'webrtc'],
      details: {},
      proof: 'simulated',
      provedAt: new Date().toISOString(),
    },
  ],
  labels: {},
  addresses: ['10.0.0.1'],
};

class Streamer {
  readonly #url: string;
  #socket: WebSocket | undefined;
  isReady = false;

  constructor(url: string) {
    this.#url = url;
    this.connect();
  }

  connect(): void {
    this.isReady = false;
    const socket = new WebSocket(this.#url, { perMessageDeflate: false });
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('close', (code, reason) => {
      if (this.#socket !== socket) return;
      this.isReady = false;
      if (code === 1006 || code === 1001) return; // Cut by us, or over.
      closes.set(`${code} ${reason}`, (closes.get(`${code} ${reason}`) ?? 0) + 1);
      // As engines do.
      setTimeout(() => this.connect(), 2_000);
    });
    socket.on('message', (data) => {
      const { type, playerId } = JSON.parse(String(data));
      if (type === 'identify') socket.send(JSON.stringify({ type: 'endpointId', id: 'bench' }));
      else if (type === 'endpointIdConfirm') this.isReady = true;
      else if (type === 'playerConnected') {
        playersConnected += 1;
        socket.send(JSON.stringify({ type: 'offer', sdp, playerId }));
      }
    });
  }

  cut(): void {
    this.isReady = false;
    this.#socket?.terminate();
  }
}

const link = new WebSocket(order.url, { perMessageDeflate: false });
link.on('error', (error) => {
  process.stderr.write(`link: ${error.message}\n`);
  process.exit(1);
});
link.on('message', (data) => {
  const message = JSON.parse(String(data)) as { t: string; b: never; id?: string };
  if (message.t === 'challenge') {
    const claim = { nodeId: order.id, epoch: 0, bootId };
    const key = createPrivateKey(order.privateKey);
    const text = proofText(message.b as ControlMessages['challenge'], claim);
    const proof = sign(null, Buffer.from(text), key).toString('base64url');
    const hello = { ...claim, protocol: { min: 1, max: 1 }, agentVersion: 'bench', features: [], proof };
    link.send(encode('hello', hello, { id: 'hello' }));
  } else if (message.t === 'welcome') {
    link.send(encode('inventory', inventory));
    beat();
    setInterval(beat, (message.b as ControlMessages['welcome']).heartbeatMs);
    process.send?.('welcomed');
  } else if (message.t === 'offer') {
    begin(message.b as ControlMessages['offer']);
  } else if (message.t === 'stop') {
    const { allocation, fence } = message.b as ControlMessages['stop'];
    running.get(allocation)?.streamer?.cut();
    report(allocation, fence, 'ended', { outcome: 'canceled' });
    running.delete(allocation);
  } else if (message.t === 'call' && message.id !== undefined) {
    link.send(encode('result', { payload: { ok: true, ms: 0, via: 'stdin' } }, { re: message.id }));
  }
});

function begin({ allocation, fence, parameters }: ControlMessages['offer']): void {
  const { signallingBase, secrets } = parameters as { signallingBase: string; secrets: { ticket: string } };
  running.set(allocation, { fence, seq: 0, streamer: undefined });
  link.send(encode('accept', { allocation, fence }, { id: newId() }));
  report(allocation, fence, 'running');
  const one = running.get(allocation);
  if (one) one.streamer = new Streamer(`${signallingBase}/${secrets.ticket}`);
}

function report(allocation: string, fence: number, state: 'running' | 'ended', rest: object = {}): void {
  const one = running.get(allocation);
  if (!one) return;
  one.seq += 1;
  link.send(
    encode('state', { allocation, fence, seq: one.seq, state, outputs: [], ...rest }, { id: newId() }),
  );
}

function beat(): void {
  link.send(
    encode('heartbeat', {
      inventoryHash: 'bench',
      allocations: [...running].map(([allocation, { fence, seq }]) => ({
        allocation,
        fence,
        state: 'running' as const,
        seq,
      })),
    }),
  );
}

process.on('message', (question: NodeQuestion) => {
  const streamers = [...running.values()].flatMap(({ streamer }) => streamer ?? []);
  if (question === 'cut-streamers') {
    for (const streamer of streamers) streamer.cut();
    // Once the control plane has seen them go; engines wait two seconds.
    setTimeout(() => {
      for (const streamer of streamers) streamer.connect();
    }, 500);
    return;
  }
  process.send?.({
    instances: running.size,
    connected: streamers.filter(({ isReady }) => isReady).length,
    playersConnected,
    closes: Object.fromEntries(closes),
  } satisfies NodeReport);
});
process.on('disconnect', () => process.exit(0));
