import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { flvHeader, type TestTag, writeTag } from './flv-tags.ts';
import { PacketClock } from './packet-clock.ts';
import type { Sample, SamplePacket } from './sample.ts';

export interface FlvOriginOptions {
  readonly sample: Sample;
  readonly speed?: number;
  /** Viewers begin at the last keyframe, not at this moment; on unless told. */
  readonly gopCache?: boolean;
  /** Do not keep what was sent: for long benches. */
  readonly forgetful?: boolean;
  readonly port?: number;
}

/** A packet as it went out, with the timestamp that viewers saw. */
export interface SentPacket {
  readonly packet: SamplePacket;
  readonly timestamp: number;
  /** Wall time, milliseconds since the epoch. */
  readonly at: number;
}

/** One viewer's connection. */
export interface Viewer {
  readonly openedAt: number;
  readonly path: string;
  /** What was written to its socket. */
  readonly sent: SentPacket[];
  closedAt: number | undefined;
}

/** Bytes that may wait for one viewer; a live server sends nothing late to whoever does not read. */
const mostWaiting = 16 * 1024 * 1024;

/**
 * A live HTTP-FLV server on loopback, paced in real time, with a GOP cache and with the faults of real ones. Any path
 * is the same stream.
 */
export class FlvOrigin {
  readonly viewers: Viewer[] = [];
  /** Everything that was due while live, by nobody or somebody. */
  readonly produced: SentPacket[] = [];
  readonly #options: FlvOriginOptions;
  readonly #server: Server;
  readonly #open = new Map<ServerResponse, Viewer>();
  readonly #clock: PacketClock;
  #gop: SentPacket[] = [];
  #state: 'live' | 'stalled' | 'offline' = 'live';
  #shift = 0;
  #head: readonly TestTag[];

  private constructor(options: FlvOriginOptions) {
    this.#options = options;
    this.#head = options.sample.head;
    this.#server = createServer((request, response) => this.#admit(request.url ?? '/', response));
    const { sample, speed } = options;
    this.#clock = new PacketClock({
      sample,
      ...(speed === undefined ? {} : { speed }),
      onPackets: (packets) => this.#produce(packets),
    });
  }

  static async open(options: FlvOriginOptions): Promise<FlvOrigin> {
    const origin = new FlvOrigin(options);
    await new Promise<void>((resolve, reject) => {
      origin.#server.once('error', reject);
      origin.#server.listen(options.port ?? 0, '127.0.0.1', resolve);
    });
    return origin;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/live/stream.flv`;
  }

  /** Cuts every connection without a word; the broadcast goes on. */
  drop(): void {
    for (const response of this.#letAllGo()) response.destroy();
  }

  /** Goes on being connected and sends nothing; what is due meanwhile is never sent. */
  stall(): void {
    this.#state = 'stalled';
  }

  /** The broadcast is over, or not there yet: viewers are let go politely, new ones get 404. */
  goOffline(): void {
    this.#state = 'offline';
    this.#gop = [];
    for (const response of this.#letAllGo()) response.end();
  }

  /** Live (again), after a stall or an end. */
  goLive(): void {
    this.#state = 'live';
  }

  /** Bytes in the middle of the stream that are no tag. */
  sendGarbage(bytes: Buffer): void {
    for (const response of this.#open.keys()) response.write(bytes);
  }

  /** All later timestamps are moved by so many milliseconds, back if negative; they wrap at 2^32. */
  jump(ms: number): void {
    this.#shift += ms;
    this.#gop = [];
  }

  /** Another decoder configuration from now on, told to viewers at once. */
  changeHead(head: readonly TestTag[]): void {
    this.#head = head;
    const at = this.#stamp(this.#clock.sourceMs);
    for (const response of this.#open.keys())
      for (const tag of head) response.write(writeTag({ ...tag, timestamp: at }));
    this.#gop = [];
  }

  /**
   * Who is let go is given nothing more, although a socket tells of its end a turn later: a picture that is due in
   * between would count as sent and be nowhere.
   */
  #letAllGo(): ServerResponse[] {
    const all = [...this.#open.keys()];
    this.#open.clear();
    return all;
  }

  /** How many connections are open. */
  get watching(): number {
    return this.#open.size;
  }

  async close(): Promise<void> {
    this.#clock.close();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  #admit(path: string, response: ServerResponse): void {
    if (this.#state === 'offline') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('There is no such stream.\n');
      return;
    }
    const viewer: Viewer = { openedAt: Date.now(), path, sent: [], closedAt: undefined };
    this.viewers.push(viewer);
    response.on('error', () => response.destroy());
    response.on('close', () => {
      viewer.closedAt = Date.now();
      this.#open.delete(response);
    });
    response.useChunkedEncodingByDefault = false;
    response.writeHead(200, { 'content-type': 'video/x-flv', connection: 'close' });
    const cached = this.#options.gopCache === false ? [] : this.#gop;
    const first = cached[0]?.timestamp ?? this.#stamp(this.#clock.sourceMs);
    const head = this.#head.map((tag) => writeTag({ ...tag, timestamp: first }));
    const late = cached.map(({ packet, timestamp }) => writeTag({ ...packet, timestamp }));
    response.write(Buffer.concat([flvHeader, ...head, ...late]));
    if (!this.#options.forgetful) viewer.sent.push(...cached);
    this.#open.set(response, viewer);
  }

  #produce(packets: readonly SamplePacket[]): void {
    if (this.#state !== 'live') return;
    const at = Date.now();
    const due = packets.map((packet) => ({ packet, timestamp: this.#stamp(packet.timestamp), at }));
    for (const sent of due) {
      if (sent.packet.keyframe) this.#gop = [];
      // Sound before the first keyframe helps nobody.
      if (sent.packet.keyframe || this.#gop.length > 0) this.#gop.push(sent);
    }
    if (!this.#options.forgetful) this.produced.push(...due);
    if (this.#open.size === 0) return;
    const bytes = Buffer.concat(due.map(({ packet, timestamp }) => writeTag({ ...packet, timestamp })));
    for (const [response, viewer] of this.#open) {
      if (response.writableLength > mostWaiting) {
        response.destroy();
        continue;
      }
      response.write(bytes);
      if (!this.#options.forgetful) viewer.sent.push(...due);
    }
  }

  /** A source's timestamps are 32 bits. */
  #stamp(sourceMs: number): number {
    return Math.round(sourceMs + this.#shift) >>> 0;
  }
}
