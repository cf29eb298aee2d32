import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Clock } from '@backlot/contract/clock';
import type { Throttle } from '../../../contract/media/calls.ts';
import { type PathSettings, Shaper } from './shaper.ts';

export type { Throttle };

/** IP and UDP headers, as a link counts them. */
const headerBytes = 28;
/** Addresses from which a client may come: its networks. More would be somebody else's. */
const maxClients = 8;

export interface RelayOptions {
  /** Where clients send to. */
  readonly listenIp: string;
  /** The worker's WebRTC server. */
  readonly target: { readonly ip: string; readonly port: number };
  readonly throttle: Throttle | null;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
}

/**
 * A bad network for one transport, in user space: clients send to a port of the relay's, it passes their datagrams on to the
 * WebRTC server and back, later, slower, or not at all. The host's own network stays as it is, as does everybody else's.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #outer: Socket;
  readonly #clients = new Map<string, Socket>();
  readonly #up: Shaper;
  readonly #down: Shaper;
  readonly #pending = new Set<() => void>();
  #closed = false;

  private constructor(options: RelayOptions, outer: Socket) {
    this.#options = options;
    this.#outer = outer;
    this.#up = new Shaper(upOf(options.throttle), options.random);
    this.#down = new Shaper(downOf(options.throttle), options.random);
    outer.on('message', (datagram, from) => this.#fromClient(datagram, from));
    // An unreachable client is what a bad network has.
    outer.on('error', () => {});
  }

  static async open(options: RelayOptions): Promise<Relay> {
    const outer = createSocket(isIPv6(options.listenIp) ? 'udp6' : 'udp4');
    await new Promise<void>((resolve, reject) => {
      outer.once('error', reject);
      outer.bind(0, options.listenIp, () => {
        outer.off('error', reject);
        resolve();
      });
    });
    return new Relay(options, outer);
  }

  get port(): number {
    return this.#outer.address().port;
  }

  /** Makes the path worse or better from now on; null: as good as it is. */
  set throttle(throttle: Throttle | null) {
    this.#up.settings = upOf(throttle);
    this.#down.settings = downOf(throttle);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const cancel of this.#pending) cancel();
    this.#pending.clear();
    this.#outer.close();
    for (const inner of this.#clients.values()) inner.close();
    this.#clients.clear();
  }

  #fromClient(datagram: Buffer, from: RemoteInfo): void {
    const inner = this.#innerOf(from);
    if (!inner) return;
    const { port, ip } = this.#options.target;
    this.#later(this.#up, datagram, () => inner.send(datagram, port, ip));
  }

  /** The worker tells clients apart by where their datagrams come from: a socket for each. */
  #innerOf(from: RemoteInfo): Socket | undefined {
    const key = `${from.address}|${from.port}`;
    const existing = this.#clients.get(key);
    if (existing || this.#closed || this.#clients.size >= maxClients) return existing;
    const inner = createSocket(isIPv6(this.#options.target.ip) ? 'udp6' : 'udp4');
    inner.on('error', () => {});
    inner.on('message', (datagram) =>
      this.#later(this.#down, datagram, () => this.#outer.send(datagram, from.port, from.address)),
    );
    this.#clients.set(key, inner);
    return inner;
  }

  #later(path: Shaper, datagram: Buffer, send: () => void): void {
    const { clock } = this.#options;
    const delay = path.admit(datagram.length + headerBytes, clock.monotonic());
    if (delay === null || this.#closed) return;
    if (delay < 1) {
      send();
      return;
    }
    const cancel = clock.after(delay, () => {
      this.#pending.delete(cancel);
      if (!this.#closed) send();
    });
    this.#pending.add(cancel);
  }
}

const upOf = (throttle: Throttle | null): PathSettings => ({
  kbps: throttle?.uplinkKbps ?? null,
  delayMs: (throttle?.rttMs ?? 0) / 2,
  loss: throttle?.loss ?? 0,
});
const downOf = (throttle: Throttle | null): PathSettings => ({
  kbps: throttle?.downlinkKbps ?? null,
  delayMs: (throttle?.rttMs ?? 0) / 2,
  loss: throttle?.loss ?? 0,
});
