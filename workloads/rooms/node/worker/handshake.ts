import { createSocket, type Socket } from 'node:dgram';
import { createWorker, type types } from 'mediasoup';
import { bindingRequestTo, isBindingSuccess, isDtls } from './stun.ts';

/** Between two binding requests until one is answered, in milliseconds. */
const RETRY_MS = 100;
const codecs: types.RouterRtpCodecCapability[] = [
  { kind: 'audio', mimeType: 'audio/opus', clockRate: 48_000, channels: 2 },
];

export interface HandshakeResult {
  /** Milliseconds from the first datagram to the end of both handshakes. */
  readonly ms: number;
}

/**
 * Proves a worker by a real DTLS handshake, without any client: two of its own WebRTC transports shake hands through two
 * sockets of ours, which open the paths (STUN) and pass the datagrams on. One transport is the DTLS client, the other the
 * server, so both halves of the worker's TLS library are tried.
 *
 * Nothing less will do: a worker that was built against a TLS library with kernel TLS passes every RTP and SCTP test, and dies
 * when the first browser says hello (see the recipe in `scripts/setup/mediasoup-worker`).
 */
export async function proveHandshake(workerBin: string, timeoutMs: number): Promise<HandshakeResult> {
  const worker = await within(createWorker({ workerBin, logLevel: 'error' }), timeoutMs, 'start');
  const died = new Promise<never>((_, reject) => {
    worker.once('died', (error) => reject(new Error(`the worker died: ${error.message}`)));
  });
  // When the race is over nobody listens any more.
  died.catch(() => {});
  const sockets: Socket[] = [];
  try {
    const router = await worker.createRouter({ mediaCodecs: codecs });
    const [left, right] = await Promise.all([makeEnd(router, sockets), makeEnd(router, sockets)]);
    const startedAt = performance.now();
    pass(left, right);
    pass(right, left);
    await Promise.race([within(shakeHands(left, right), timeoutMs, 'shake hands'), died]);
    return { ms: performance.now() - startedAt };
  } finally {
    for (const socket of sockets) socket.close();
    worker.close();
  }
}

interface End {
  readonly transport: types.WebRtcTransport;
  readonly socket: Socket;
  readonly port: number;
}

async function makeEnd(router: types.Router, sockets: Socket[]): Promise<End> {
  const transport = await router.createWebRtcTransport({
    listenInfos: [{ protocol: 'udp', ip: '127.0.0.1' }],
    enableUdp: true,
    enableTcp: false,
  });
  const socket = createSocket('udp4');
  sockets.push(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, '127.0.0.1', () => resolve());
  });
  const port = transport.iceCandidates[0]?.port;
  if (port === undefined) throw new Error('the worker offered no candidate');
  return { transport, socket, port };
}

/** What one transport sends of DTLS goes to the other. */
function pass(from: End, to: End): void {
  from.socket.on('message', (datagram) => {
    if (isDtls(datagram)) to.socket.send(datagram, to.port, '127.0.0.1');
  });
}

async function shakeHands(left: End, right: End): Promise<void> {
  await Promise.all([openPath(left), openPath(right)]);
  await Promise.all([
    connected(left.transport),
    connected(right.transport),
    // The role is the remote one's: left becomes the client.
    left.transport.connect({ dtlsParameters: { ...right.transport.dtlsParameters, role: 'server' } }),
    right.transport.connect({ dtlsParameters: { ...left.transport.dtlsParameters, role: 'client' } }),
  ]);
}

function openPath({ transport, socket, port }: End): Promise<void> {
  return new Promise((resolve) => {
    const ask = () => socket.send(bindingRequestTo(transport.iceParameters), port, '127.0.0.1');
    const timer = setInterval(ask, RETRY_MS);
    socket.on('message', (datagram) => {
      if (!isBindingSuccess(datagram)) return;
      clearInterval(timer);
      resolve();
    });
    socket.once('close', () => clearInterval(timer));
    ask();
  });
}

function connected(transport: types.WebRtcTransport): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (state: types.DtlsState) => {
      if (state === 'connected') resolve();
      if (state === 'failed') reject(new Error('the DTLS handshake failed'));
    };
    transport.on('dtlsstatechange', look);
    look(transport.dtlsState);
  });
}

function within<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`it did not ${what} within ${ms} ms`)), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
