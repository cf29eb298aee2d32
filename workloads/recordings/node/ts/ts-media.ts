import { createHash } from 'node:crypto';
import type { Reason } from '@backlot/contract';
import { sourceReason } from '../../contract/source-phrases.ts';
import { firstUnits } from '../codecs/first-units.ts';
import { pictureSize } from '../codecs/picture-size.ts';
import {
  type CutRule,
  type DecoderSetup,
  type MediaOutput,
  type MediaReader,
  newFacts,
  type SegmentCause,
  type SegmentFacts,
} from '../recorder/media.ts';
import type { SourceMark } from '../source-port.ts';
import { SourceClock, tsWraps } from '../time/source-clock.ts';
import { type ElementaryStream, ProgramTables } from './program-tables.ts';
import { pesBody, pesTime, SYNC, TS_PACKET } from './ts-packet.ts';

const VIDEO = 0;
const AUDIO = 1;
/** Bytes without a packet after which this is no transport stream, or not any more. */
const MOST_GARBAGE = 4 * 1024 * 1024;
const [WRAP_MS = 0] = tsWraps;
/** Codecs whose set-up is read from the stream itself; until then nothing is said of it. */
const detailed = new Set(['h264', 'hevc', 'aac']);

/**
 * A transport stream as a recorder needs it: packets go on untouched, whole, and every segment begins with the tables
 * and a keyframe. `source time = file time + baseMs`, where `baseMs` counts the turns of the 33-bit clock.
 */
export class TsMedia implements MediaReader {
  readonly #output: MediaOutput;
  readonly #due: CutRule;
  readonly #tables = new ProgramTables();
  readonly #clock = new SourceClock(tsWraps);
  readonly #carry = Buffer.alloc(TS_PACKET);
  #carried = 0;
  #facts: SegmentFacts | undefined;
  #pending: SegmentCause | undefined;
  #wall = 0;
  #version = 0;
  #setup: { video?: string; audio?: string } = {};
  #size: { width: number; height: number } | undefined;
  #marksKeys = false;
  #videoWall: number | undefined;
  /** Packets of the chunk in work that belong to the segment and are not written yet. */
  #from = 0;
  #missing: { what: string; ms: number } | undefined;
  /** The source has said that its clock begins anew, right behind what came before. */
  #breaks = false;
  garbage = 0;
  newestMs: number | undefined;
  keyframeWall: number | undefined;

  constructor(output: MediaOutput, due: CutRule) {
    this.#output = output;
    this.#due = due;
  }

  get complaint(): Reason | undefined {
    if (this.garbage > MOST_GARBAGE) return sourceReason('not_media', { container: 'MPEG-TS' });
    return this.#clock.broken ? sourceReason('clock_jumps') : undefined;
  }

  push(chunk: Buffer, wall: number): void {
    this.#wall = wall;
    let at = 0;
    if (this.#carried > 0) {
      at = Math.min(TS_PACKET - this.#carried, chunk.length);
      chunk.copy(this.#carry, this.#carried, 0, at);
      this.#carried += at;
      if (this.#carried < TS_PACKET) return;
      this.#carried = 0;
      const own = Buffer.from(this.#carry);
      this.#from = 0;
      if (own[0] === SYNC) {
        this.#packet(own, 0);
        this.#flush(own, TS_PACKET);
      } else this.garbage += TS_PACKET;
    }
    this.#from = at;
    while (at + TS_PACKET <= chunk.length) {
      if (chunk[at] !== SYNC) {
        this.#flush(chunk, at);
        const next = findSync(chunk, at + 1);
        this.garbage += next - at;
        at = next;
        this.#from = at;
        continue;
      }
      this.#packet(chunk, at);
      at += TS_PACKET;
    }
    this.#flush(chunk, at);
    if (at >= chunk.length) return;
    // The rest is the beginning of a packet, or what is left of one in a stream that has lost its step.
    this.#carried = chunk.length - at;
    chunk.copy(this.#carry, 0, at);
    if (this.#carry[0] !== SYNC) {
      const next = this.#carry.subarray(0, this.#carried).indexOf(SYNC);
      const lost = next < 0 ? this.#carried : next;
      this.garbage += lost;
      this.#carry.copyWithin(0, lost, this.#carried);
      this.#carried -= lost;
    }
  }

  mark(mark: SourceMark): void {
    if (mark.mark === 'missing') {
      this.#missing = { what: mark.what, ms: mark.ms };
      this.#clock.expectHole(mark.ms + 1_000);
    } else if (mark.mark === 'discontinuity') {
      this.#clock.restart();
      this.#breaks = true;
    }
  }

  #packet(buffer: Buffer, at: number): void {
    const second = buffer[at + 1] ?? 0;
    const pid = ((second & 0x1f) << 8) | (buffer[at + 2] ?? 0);
    const starts = (second & 0x40) !== 0;
    const control = ((buffer[at + 3] ?? 0) >> 4) & 3;
    if (this.#tables.isTable(pid)) {
      if (control & 1) this.#table(pid, buffer, at, control, starts);
      return;
    }
    if (!starts || (control & 1) === 0) return;
    const stream = this.#tables.streams.get(pid);
    if (!stream) return;
    const payload = at + (control & 2 ? 5 + (buffer[at + 4] ?? 0) : 4);
    const marked = (control & 2) !== 0 && (buffer[at + 4] ?? 0) > 0 && ((buffer[at + 5] ?? 0) & 0x40) !== 0;
    this.#unit(stream, buffer, at, payload, marked);
  }

  #table(pid: number, buffer: Buffer, at: number, control: number, starts: boolean): void {
    const payload = control & 2 ? 5 + (buffer[at + 4] ?? 0) : 4;
    if (payload >= TS_PACKET) return;
    this.#tables.read(pid, buffer.subarray(at, at + TS_PACKET), payload, starts);
    if (this.#tables.version !== this.#version) {
      // Other streams than before: whatever the decoders knew is void.
      if (this.#version > 0) this.#pending ??= 'config';
      this.#version = this.#tables.version;
      this.#setup = {};
      for (const { kind, codec } of this.#tables.streams.values())
        if (!detailed.has(codec)) this.#setup[kind] ??= codec;
    }
  }

  /** A frame, or a few of sound, begins with this packet. */
  #unit(
    { kind, codec }: ElementaryStream,
    buffer: Buffer,
    at: number,
    payload: number,
    marked: boolean,
  ): void {
    const end = at + TS_PACKET;
    const time = pesTime(buffer, payload, end);
    if (time === undefined) return;
    const stream = kind === 'video' ? VIDEO : AUDIO;
    const body = Math.min(end, pesBody(buffer, payload));
    let key = false;
    if (kind === 'video') key = this.#isKey(codec, buffer, body, end, marked);
    else if (codec === 'aac') this.#readSound(buffer, body, end);
    const verdict = this.#clock.see(stream, time / 90, this.#wall);
    const ms = this.#clock.ms;
    if (verdict === 'jump') {
      this.#repaired('jump');
      this.#pending = 'run';
    } else if (verdict === 'hole') this.#hole(ms - this.#clock.holeMs, ms);
    if (this.#breaks && this.#facts) this.#pending = 'run';
    this.#cutWhereDue(stream, key, ms, buffer, at);
    this.#count(stream, key, ms, at);
  }

  #isKey(codec: string, buffer: Buffer, body: number, end: number, marked: boolean): boolean {
    if (marked) this.#marksKeys = true;
    else if (this.#marksKeys) return false;
    const { key, parameters } = firstUnits(codec, buffer, body, end);
    if (parameters && (codec === 'h264' || codec === 'hevc')) {
      const video = `${codec}:${createHash('sha256').update(parameters).digest('hex').slice(0, 16)}`;
      if (this.#setup.video !== video) {
        if (this.#setup.video !== undefined) this.#pending ??= 'config';
        this.#setup.video = video;
        this.#size = pictureSize(codec, parameters);
        if (this.#facts && this.#facts.width === 0 && this.#size) Object.assign(this.#facts, this.#size);
      }
    }
    return marked || key;
  }

  /** Profile, rate and channels stand in each ADTS header (ISO/IEC 14496-3, 1.A.3.2.1). */
  #readSound(buffer: Buffer, body: number, end: number): void {
    if (end - body < 4 || buffer[body] !== 0xff || ((buffer[body + 1] ?? 0) & 0xf0) !== 0xf0) return;
    const audio = `aac:${(buffer[body + 2] ?? 0) & 0xfd}-${(buffer[body + 3] ?? 0) & 0xc0}`;
    if (this.#setup.audio === audio) return;
    if (this.#setup.audio !== undefined) this.#pending ??= 'config';
    this.#setup.audio = audio;
  }

  #cutWhereDue(stream: number, key: boolean, ms: number, buffer: Buffer, at: number): void {
    const facts = this.#facts;
    const cause = facts ? this.#pending : 'start';
    if (cause) {
      this.#begin(cause, key, ms, buffer, at);
      return;
    }
    if (!facts) return;
    const soundAlone = this.#videoWall === undefined || this.#wall - this.#videoWall > 30_000;
    if (!key && !(soundAlone && stream === AUDIO)) return;
    const answer = this.#due(ms - facts.firstMs, facts.bytes);
    if (answer !== 'no') this.#begin(answer, key, ms, buffer, at);
  }

  #begin(cause: SegmentCause, key: boolean, ms: number, buffer: Buffer, at: number): void {
    this.#flush(buffer, at);
    this.#pending = undefined;
    const facts = newFacts();
    facts.baseMs = Math.floor(ms / WRAP_MS) * WRAP_MS;
    facts.startsWithKeyframe = key;
    const streams = [...this.#tables.streams.values()];
    facts.codecs = [
      ...streams.filter(({ kind }) => kind === 'video'),
      ...streams.filter(({ kind }) => kind === 'audio'),
    ].map(({ codec }) => codec);
    facts.width = this.#size?.width ?? 0;
    facts.height = this.#size?.height ?? 0;
    this.#facts = facts;
    const setup: DecoderSetup = { ...this.#setup };
    const { what, ms: afterMs } = this.#missing ?? {};
    this.#missing = undefined;
    const follows = this.#breaks ? { follows: { firstMs: ms, afterMs: afterMs ?? 0 } } : {};
    this.#breaks = false;
    this.#output.begin({ cause, facts, setup, ...follows, ...(what === undefined ? {} : { missing: what }) });
    const head = this.#tables.head();
    facts.headBytes = head.length;
    this.#put(head);
    this.#from = at;
  }

  #hole(fromMs: number, toMs: number): void {
    const { what } = this.#missing ?? {};
    this.#missing = undefined;
    this.#facts?.holes.push({
      fromMs,
      toMs,
      why: what === undefined ? 'source' : 'missing',
      ...(what === undefined ? {} : { what }),
    });
  }

  #count(stream: number, key: boolean, ms: number, at: number): void {
    const facts = this.#facts;
    if (!facts) return;
    if (stream === VIDEO) {
      // Sound may stand before the first picture, which is the one that has to be a keyframe.
      if (facts.videoFrames === 0) facts.startsWithKeyframe = key;
      facts.videoFrames += 1;
      this.#videoWall = this.#wall;
      if (key) {
        facts.keyframes += 1;
        facts.keyframeAt = facts.bytes + at - this.#from;
        this.keyframeWall = this.#wall;
      }
    } else facts.audioFrames += 1;
    if (facts.firstMs < 0 || ms < facts.firstMs) facts.firstMs = ms;
    if (ms > facts.lastMs) facts.lastMs = ms;
    const interval = this.#clock.interval(VIDEO) || this.#clock.interval(AUDIO);
    if (interval > 0) facts.intervalMs = interval;
    this.newestMs = ms;
  }

  #repaired(kind: string): void {
    const repairs = this.#facts?.repairs;
    if (repairs) repairs[kind] = (repairs[kind] ?? 0) + 1;
  }

  #flush(buffer: Buffer, to: number): void {
    if (to > this.#from && this.#facts) this.#put(buffer.subarray(this.#from, to));
    this.#from = to;
  }

  #put(bytes: Buffer): void {
    if (!this.#facts || bytes.length === 0) return;
    this.#facts.bytes += bytes.length;
    this.#facts.wholeBytes = this.#facts.bytes;
    this.#output.write(bytes);
  }
}

/** The next place that looks like a packet followed by another; the end where there is none. */
function findSync(chunk: Buffer, from: number): number {
  for (let at = chunk.indexOf(SYNC, from); at >= 0; at = chunk.indexOf(SYNC, at + 1))
    if (at + TS_PACKET >= chunk.length || chunk[at + TS_PACKET] === SYNC) return at;
  return chunk.length;
}
