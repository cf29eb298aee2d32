import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '@backlot/contract';
import { stunLength } from './stun-message.ts';
import { TurnFault } from './turn-fault.ts';
import type { TurnAddress } from './turn-url.ts';

/** A way to one server: whole messages there and back. */
export interface StunTransport {
  /** Whether a message may get lost, so that it has to be said again. */
  readonly lossy: boolean;
  /** The server's address, resolved. */
  readonly remoteAddress: string;
  send(message: Buffer): void;
  onMessage(listener: (message: Buffer) => void): void;
  /** The way is broken; nothing comes any more. */
  onFault(listener: (fault: TurnFault) => void): void;
  close(): void;
}

export interface ConnectOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const maxMessage = 65_535;

/**
 * Opens the way to a server. @throws TurnFault name_unknown, no_answer, connection_refused, tls_failed
 */
export async function connectStun(target: TurnAddress, options: ConnectOptions): Promise<StunTransport> {
  const address = await resolve(target, options);
  if (target.transport === 'udp') return openUdp(target, address);
  return openStream(target, address, options);
}

async function resolve({ host }: TurnAddress, { clock, timeoutMs, signal }: ConnectOptions): Promise<string> {
  const wait = new AbortController();
  const limit = clock.sleep(timeoutMs, AbortSignal.any([signal, wait.signal])).then(() => {
    throw Object.assign(new Error('timed out'), { code: 'ETIMEOUT' });
  });
  try {
    const { address } = await Promise.race([lookup(host), limit]);
    return address;
  } catch (error) {
    signal.throwIfAborted();
    throw new TurnFault('streams.turn.name_unknown', { host, reason: codeOf(error) }, error);
  } finally {
    wait.abort();
    limit.catch(() => undefined);
  }
}

function openUdp(target: TurnAddress, address: string): Promise<StunTransport> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  let onFault: (fault: TurnFault) => void = () => undefined;
  const refused = (error: unknown) =>
    new TurnFault(
      'streams.turn.connection_refused',
      { host: target.host, port: target.port, transport: 'UDP', reason: codeOf(error) },
      error,
    );
  return new Promise((resolve, reject) => {
    // A connected socket is told by ICMP when nobody listens at the other end.
    socket.on('error', (error) => {
      reject(refused(error));
      onFault(refused(error));
    });
    socket.connect(target.port, address, () =>
      resolve({
        lossy: true,
        remoteAddress: address,
        send: (message) => socket.send(message, () => undefined),
        onMessage: (listener) => {
          socket.on('message', listener);
        },
        onFault: (listener) => {
          onFault = listener;
        },
        close: () => {
          socket.removeAllListeners('message');
          socket.close();
        },
      }),
    );
  });
}

async function openStream(
  target: TurnAddress,
  address: string,
  { clock, timeoutMs, signal }: ConnectOptions,
): Promise<StunTransport> {
  const { host, port, transport } = target;
  const isTls = transport === 'tls';
  const servername = /^[\d.:]+$/.test(host) ? {} : { servername: host };
  const socket: Socket = isTls
    ? connectTls({ host: address, port, ...servername })
    : connectTcp({ host: address, port });
  let onFault: (fault: TurnFault) => void = () => undefined;
  const words = { host, port, transport: isTls ? 'TLS' : 'TCP' };
  await new Promise<void>((resolve, reject) => {
    const fail = (fault: unknown) => {
      cancel();
      socket.destroy();
      reject(fault);
    };
    const cancel = clock.after(timeoutMs, () =>
      fail(new TurnFault('streams.turn.no_answer', { ...words, seconds: timeoutMs / 1_000 })),
    );
    signal.addEventListener('abort', () => fail(signal.reason), { once: true });
    socket.once(isTls ? 'secureConnect' : 'connect', () => {
      cancel();
      resolve();
    });
    socket.on('error', (error) => {
      const fault = streamFault(error, words, isTls);
      fail(fault);
      onFault(fault);
    });
  });
  socket.on('close', () => onFault(new TurnFault('streams.turn.not_turn', { host, port })));
  return {
    lossy: false,
    remoteAddress: address,
    send: (message) => {
      socket.write(message);
    },
    onMessage: (listener) => {
      let rest = Buffer.alloc(0);
      socket.on('data', (data: Buffer) => {
        rest = Buffer.concat([rest, data]);
        if (rest.length > maxMessage) socket.destroy();
        for (
          let size = stunLength(rest);
          size !== undefined && rest.length >= size;
          size = stunLength(rest)
        ) {
          listener(rest.subarray(0, size));
          rest = rest.subarray(size);
        }
      });
    },
    onFault: (listener) => {
      onFault = listener;
    },
    close: () => {
      onFault = () => undefined;
      socket.destroy();
    },
  };
}

function streamFault(
  error: unknown,
  words: { host: string; port: number; transport: string },
  isTls: boolean,
) {
  const reason = codeOf(error);
  const atNetwork = ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT'].includes(reason);
  if (isTls && !atNetwork) {
    const { host, port } = words;
    return new TurnFault('streams.turn.tls_failed', { host, port, reason }, error);
  }
  return new TurnFault('streams.turn.connection_refused', { ...words, reason }, error);
}

function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error) return String(error.code);
  return error instanceof Error ? error.message : String(error);
}
