import { createHash } from 'node:crypto';
import type { Reason } from '@backlot/contract';
import { sourceReason } from '../../contract/source-phrases.ts';
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
import { flvWraps, SourceClock } from '../time/source-clock.ts';
import { configPictureSize } from './config-facts.ts';
import { flvFileHeader, flvTag, metaDataBody } from './flv-bytes.ts';
import { KeyframeMemory } from './keyframe-memory.ts';
import { FLV_BASE, type StoredConfig } from './stored-config.ts';
import { type FlvTagHead, flvTagTypes } from './tag-head.ts';
import { type FlvSink, FlvTagReader } from './tag-reader.ts';

/** A configuration record is a few hundred bytes; one of more than this is none. */
const LONGEST_CONFIG = 256 * 1024;
/** Sound may come so much later than the picture of the same time, and still get a time of its own. Milliseconds. */
const MOST_LAG_MS = 1_000;
const VIDEO = 0;
const AUDIO = 1;

/**
 * FLV as a recorder needs it: bytes go on as they were received, but for the time of each tag, which is written anew in
 * its place so that every segment begins near 0, plays alone, and knows no wraps. `source time = file time + baseMs`.
 */
export class FlvMedia implements MediaReader, FlvSink {
  readonly #output: MediaOutput;
  readonly #due: CutRule;
  readonly #reader = new FlvTagReader(this);
  readonly #clock = new SourceClock(flvWraps);
  readonly #keyframes = new KeyframeMemory();
  readonly #configs = new Map<number, StoredConfig>();
  #facts: SegmentFacts | undefined;
  #wall = 0;
  #garbage = 0;
  /** What happens with the tag in work. */
  #mode: 'keep' | 'drop' | 'config' = 'drop';
  #config: { type: number; codec: string; enhanced: boolean; parts: Buffer[] } | undefined;
  #pending: SegmentCause | undefined;
  #chunk: Buffer | undefined;
  #from = 0;
  #to = 0;
  /** How much later sound comes than the picture of the same time, lately. */
  #lagMs = 100;
  #videoMs = Number.NEGATIVE_INFINITY;
  #videoWall: number | undefined;
  #size: { width: number; height: number } | undefined;
  newestMs: number | undefined;
  keyframeWall: number | undefined;

  constructor(output: MediaOutput, due: CutRule) {
    this.#output = output;
    this.#due = due;
  }

  get garbage(): number {
    return this.#garbage;
  }

  get complaint(): Reason | undefined {
    if (this.#reader.broken) return sourceReason('not_media', { container: 'FLV' });
    return this.#clock.broken ? sourceReason('clock_jumps') : undefined;
  }

  push(chunk: Buffer, wall: number): void {
    this.#wall = wall;
    this.#reader.push(chunk);
    this.#flush();
  }

  mark(_mark: SourceMark): void {
    // FLV carries all that is to be known in its own tags.
  }

  tag(head: FlvTagHead): void {
    if (head.type === flvTagTypes.script) {
      // What a server says about the whole stream (its duration!) is wrong for a segment.
      this.#mode = this.#facts && head.scriptName() !== 'onMetaData' ? 'keep' : 'drop';
      if (this.#mode === 'keep') this.#stamp(head, this.#clock.ms);
      return;
    }
    if (head.role === 'config') {
      this.#mode = head.size <= LONGEST_CONFIG ? 'config' : 'drop';
      this.#config = { type: head.type, codec: head.codec(), enhanced: head.enhanced, parts: [] };
      return;
    }
    if (head.role === 'data' || head.role === 'sequence-end') {
      this.#mode = 'drop';
      return;
    }
    this.#mode = this.#frame(head) ? 'keep' : 'drop';
  }

  bytes(buffer: Buffer, start: number, end: number): void {
    if (this.#mode === 'drop') return;
    if (this.#mode === 'config') {
      this.#config?.parts.push(Buffer.from(buffer.subarray(start, end)));
      return;
    }
    if (this.#chunk === buffer && this.#to === start) {
      this.#to = end;
      return;
    }
    this.#flush();
    this.#chunk = buffer;
    this.#from = start;
    this.#to = end;
  }

  tagEnd(): void {
    if (this.#mode === 'config') this.#configEnd();
    else if (this.#mode === 'keep' && this.#facts) {
      this.#facts.wholeBytes = this.#facts.bytes + (this.#to - this.#from);
    }
  }

  skipped(bytes: number): void {
    this.#garbage += bytes;
  }

  /** @returns whether the frame is kept. */
  #frame(head: FlvTagHead): boolean {
    const stream = head.type === flvTagTypes.video ? VIDEO : AUDIO;
    const key = head.role === 'key';
    if (this.#keyframes.isRepeated(head, stream)) {
      this.#repaired('repeated');
      return false;
    }
    const realigned = this.#clock.realigned;
    const verdict = this.#clock.see(stream, head.timestamp, this.#wall);
    const ms = this.#clock.ms;
    if (verdict === 'jump') {
      this.#repaired('jump');
      this.#pending = 'run';
      this.#videoMs = Number.NEGATIVE_INFINITY;
      this.#keyframes.clear();
    } else if (verdict === 'hole') {
      this.#facts?.holes.push({ fromMs: ms - this.#clock.holeMs, toMs: ms, why: 'source' });
    }
    if (this.#clock.realigned !== realigned) this.#repaired('realigned');
    this.#keyframes.note(head, stream);
    this.#cutWhereDue(stream, key, ms);
    this.#count(stream, key, ms);
    this.#stamp(head, ms);
    return true;
  }

  #cutWhereDue(stream: number, key: boolean, ms: number): void {
    const facts = this.#facts;
    const cause = facts ? this.#pending : 'start';
    if (cause) this.#begin(cause, key, ms);
    if (!facts || cause) return;
    const soundAlone = this.#videoWall === undefined || this.#wall - this.#videoWall > 30_000;
    if (!key && !(soundAlone && stream === AUDIO)) return;
    const answer = this.#due(ms - facts.firstMs, facts.bytes);
    if (answer !== 'no') this.#begin(answer, key, ms);
  }

  #begin(cause: SegmentCause, key: boolean, ms: number): void {
    this.#flush();
    this.#pending = undefined;
    const facts = newFacts();
    const lag = Math.min(MOST_LAG_MS, Math.ceil(this.#lagMs));
    this.#lagMs *= 0.8;
    facts.baseMs = Math.floor(ms) - lag;
    facts.startsWithKeyframe = key;
    facts.codecs = this.#codecs();
    facts.width = this.#size?.width ?? 0;
    facts.height = this.#size?.height ?? 0;
    facts.intervalMs = this.#clock.interval(VIDEO) || this.#clock.interval(AUDIO);
    this.#facts = facts;
    this.#output.begin({ cause, facts, setup: this.#setup() });
    const head = [flvFileHeader, flvTag(flvTagTypes.script, 0, metaDataBody(this.#metaData(facts)))];
    for (const { type, body } of this.#configs.values()) head.push(flvTag(type, 0, body));
    const bytes = Buffer.concat(head);
    facts.headBytes = bytes.length;
    this.#put(bytes);
    facts.wholeBytes = facts.bytes;
  }

  #metaData(facts: SegmentFacts): Record<string, number> {
    const size = facts.width > 0 ? { width: facts.width, height: facts.height } : {};
    return { ...size, [FLV_BASE]: facts.baseMs };
  }

  #count(stream: number, key: boolean, ms: number): void {
    const facts = this.#facts;
    if (!facts) return;
    if (stream === VIDEO) {
      facts.videoFrames += 1;
      this.#videoMs = ms;
      this.#videoWall = this.#wall;
      if (key) {
        facts.keyframes += 1;
        facts.keyframeAt = facts.bytes + (this.#to - this.#from);
        this.keyframeWall = this.#wall;
      }
    } else {
      facts.audioFrames += 1;
      const lag = this.#videoMs - ms;
      if (lag > this.#lagMs && lag < MOST_LAG_MS) this.#lagMs = lag;
    }
    if (facts.firstMs < 0 || ms < facts.firstMs) facts.firstMs = ms;
    if (ms > facts.lastMs) facts.lastMs = ms;
    const interval = this.#clock.interval(VIDEO) || this.#clock.interval(AUDIO);
    if (interval > 0) facts.intervalMs = interval;
    this.newestMs = ms;
  }

  #stamp(head: FlvTagHead, ms: number): void {
    const time = Math.round(ms) - (this.#facts?.baseMs ?? 0);
    if (time < 0) this.#repaired('clamped');
    head.setTimestamp(Math.max(0, time));
  }

  #configEnd(): void {
    const config = this.#config;
    this.#config = undefined;
    this.#mode = 'drop';
    if (!config) return;
    const tag = Buffer.concat(config.parts);
    const body = tag.subarray(11, tag.length - 4);
    const known = this.#configs.get(config.type);
    if (known?.body.equals(body)) return;
    this.#configs.set(config.type, { ...config, body });
    if (config.type === flvTagTypes.video)
      this.#size = configPictureSize(body, config.codec, config.enhanced);
    if (!this.#facts) return;
    if (known) this.#pending ??= 'config';
    else {
      // The first set-up of a stream that joins late: it stands where it came, the picture before it is no part of its own.
      this.#facts.codecs = this.#codecs();
      this.#flush();
      this.#put(flvTag(config.type, Math.max(0, Math.round(this.#clock.ms) - this.#facts.baseMs), body));
      this.#facts.wholeBytes = this.#facts.bytes;
    }
  }

  #codecs(): string[] {
    return [...this.#configs.values()].sort((a, b) => b.type - a.type).map(({ codec }) => codec);
  }

  #setup(): DecoderSetup {
    const video = this.#configs.get(flvTagTypes.video);
    const audio = this.#configs.get(flvTagTypes.audio);
    return { ...(video ? { video: keyOf(video) } : {}), ...(audio ? { audio: keyOf(audio) } : {}) };
  }

  #repaired(kind: string): void {
    const repairs = this.#facts?.repairs;
    if (repairs) repairs[kind] = (repairs[kind] ?? 0) + 1;
  }

  #flush(): void {
    const chunk = this.#chunk;
    if (!chunk) return;
    this.#chunk = undefined;
    this.#put(this.#from === 0 && this.#to === chunk.length ? chunk : chunk.subarray(this.#from, this.#to));
    this.#from = 0;
    this.#to = 0;
  }

  #put(bytes: Buffer): void {
    if (!this.#facts) return;
    this.#facts.bytes += bytes.length;
    this.#output.write(bytes);
  }
}

const keyOf = ({ codec, body }: StoredConfig): string =>
  `${codec}:${createHash('sha256').update(body).digest('hex').slice(0, 16)}`;
