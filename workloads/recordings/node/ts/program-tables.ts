import { TS_PACKET } from './ts-packet.ts';

export type StreamKind = 'video' | 'audio';

export interface ElementaryStream {
  readonly kind: StreamKind;
  /** Usual name of the codec. */
  readonly codec: string;
}

/** Stream types of ISO/IEC 13818-1, table 2-34, and what is customary beside it. */
const types: Readonly<Record<number, ElementaryStream>> = {
  1: { kind: 'video', codec: 'mpeg1' },
  2: { kind: 'video', codec: 'mpeg2' },
  3: { kind: 'audio', codec: 'mp2' },
  4: { kind: 'audio', codec: 'mp2' },
  15: { kind: 'audio', codec: 'aac' },
  16: { kind: 'video', codec: 'mpeg4' },
  17: { kind: 'audio', codec: 'aac' },
  27: { kind: 'video', codec: 'h264' },
  36: { kind: 'video', codec: 'hevc' },
  129: { kind: 'audio', codec: 'ac3' },
  135: { kind: 'audio', codec: 'eac3' },
};

/** What a program association and a program map table say, from the packets as they come. Broken tables say nothing. */
export class ProgramTables {
  /** Elementary streams by packet identifier. */
  readonly streams = new Map<number, ElementaryStream>();
  readonly #maps = new Set<number>();
  readonly #stored = new Map<number, Buffer[]>();
  #version = 0;

  /** Grows when the streams are others than before. */
  get version(): number {
    return this.#version;
  }

  isTable(pid: number): boolean {
    return pid === 0 || this.#maps.has(pid);
  }

  /** The packets that a file must begin with. */
  head(): Buffer {
    return Buffer.concat([...this.#stored.values()].flat());
  }

  get complete(): boolean {
    return this.streams.size > 0;
  }

  read(pid: number, packet: Buffer, payloadAt: number, starts: boolean): void {
    const own = Buffer.from(packet.subarray(0, TS_PACKET));
    if (starts) this.#stored.set(pid, [own]);
    else {
      const parts = this.#stored.get(pid);
      // A table of more packets than this is none.
      if (!parts || parts.length > 8) return;
      parts.push(own);
    }
    const parts = this.#stored.get(pid) ?? [];
    const section = Buffer.concat(
      parts.map((part, index) => part.subarray(index === 0 ? payloadAt : payloadOf(part))),
    );
    const from = 1 + (section[0] ?? 0);
    if (section.length < from + 3) return;
    const length = section.readUInt16BE(from + 1) & 0xfff;
    if (section.length < from + 3 + length || length < 9) return;
    const body = section.subarray(from, from + 3 + length - 4);
    if (pid === 0) this.#readAssociation(body);
    else this.#readMap(body);
  }

  #readAssociation(body: Buffer): void {
    if (body[0] !== 0) return;
    const maps = new Set<number>();
    for (let at = 8; at + 4 <= body.length; at += 4)
      if (body.readUInt16BE(at) !== 0) maps.add(body.readUInt16BE(at + 2) & 0x1fff);
    if (maps.size === this.#maps.size && [...maps].every((pid) => this.#maps.has(pid))) return;
    this.#maps.clear();
    for (const pid of maps) this.#maps.add(pid);
    for (const pid of [...this.#stored.keys()]) if (pid !== 0 && !maps.has(pid)) this.#stored.delete(pid);
  }

  #readMap(body: Buffer): void {
    if (body[0] !== 2 || body.length < 12) return;
    const found = new Map<number, ElementaryStream>();
    for (let at = 12 + (body.readUInt16BE(10) & 0xfff); at + 5 <= body.length; ) {
      const pid = body.readUInt16BE(at + 1) & 0x1fff;
      const length = body.readUInt16BE(at + 3) & 0xfff;
      const stream = types[body[at] ?? 0] ?? privateStream(body.subarray(at + 5, at + 5 + length));
      if (stream) found.set(pid, stream);
      at += 5 + length;
    }
    const same =
      found.size === this.streams.size &&
      [...found].every(([pid, { codec }]) => this.streams.get(pid)?.codec === codec);
    if (same || found.size === 0) return;
    this.streams.clear();
    for (const [pid, stream] of found) this.streams.set(pid, stream);
    this.#version += 1;
  }
}

/** Streams of private type name their coding in a registration descriptor (2.6.8). */
function privateStream(descriptors: Buffer): ElementaryStream | undefined {
  const text = descriptors.toString('latin1');
  if (text.includes('Opus')) return { kind: 'audio', codec: 'opus' };
  if (text.includes('AC-3')) return { kind: 'audio', codec: 'ac3' };
  if (text.includes('HEVC')) return { kind: 'video', codec: 'hevc' };
  if (text.includes('AV01')) return { kind: 'video', codec: 'av1' };
  return undefined;
}

function payloadOf(packet: Buffer): number {
  return ((packet[3] ?? 0) & 0x20) === 0 ? 4 : 5 + (packet[4] ?? 0);
}
