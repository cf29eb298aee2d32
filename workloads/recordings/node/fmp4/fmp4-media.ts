import { createHash } from 'node:crypto';
import type { Reason } from '@backlot/contract';
import { sourceReason } from '../../contract/source-phrases.ts';
import {
  type CutRule,
  type MediaOutput,
  type MediaReader,
  newFacts,
  type SegmentCause,
  type SegmentFacts,
} from '../recorder/media.ts';
import type { SourceMark } from '../source-port.ts';
import { JUMP_MS } from '../time/source-clock.ts';
import { type Box, boxesIn } from './boxes.ts';
import { readFragment, readTracks, type Track, type TrackRun } from './tracks.ts';

/** A box that is larger than this is none. */
const MOST_WAITING = 64 * 1024 * 1024;

/**
 * Fragmented MP4 as a recorder needs it: fragments go on untouched, whole, and every segment begins with the
 * initialization segment. The clock of a fragment has 64 bits: its times are source times, `baseMs` is 0.
 */
export class Fmp4Media implements MediaReader {
  readonly #output: MediaOutput;
  readonly #due: CutRule;
  #rest: Buffer = Buffer.alloc(0);
  #init: Buffer | undefined;
  #tracks: readonly Track[] = [];
  #header: Buffer[] = [];
  #facts: SegmentFacts | undefined;
  #pending: SegmentCause | undefined;
  #endMs: number | undefined;
  #missing: { what: string; ms: number } | undefined;
  /** The source has said that its clock begins anew, right behind what came before. */
  #breaks = false;
  /** Boxes before the fragment's data: `styp`, `sidx`, `prft` and `moof` itself. */
  #before: Buffer[] = [];
  garbage = 0;
  newestMs: number | undefined;
  keyframeWall: number | undefined;

  constructor(output: MediaOutput, due: CutRule) {
    this.#output = output;
    this.#due = due;
  }

  get complaint(): Reason | undefined {
    return this.#rest.length > MOST_WAITING ? sourceReason('not_media', { container: 'fMP4' }) : undefined;
  }

  push(chunk: Buffer, wall: number): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let done = 0;
    for (const box of boxesIn(bytes, 0, bytes.length)) {
      this.#box(bytes, box, wall);
      done = box.end;
    }
    this.#rest = done === bytes.length ? Buffer.alloc(0) : Buffer.from(bytes.subarray(done));
  }

  mark(mark: SourceMark): void {
    if (mark.mark === 'init') this.#setInit(mark.bytes);
    else if (mark.mark === 'missing') this.#missing = { what: mark.what, ms: mark.ms };
    // Whatever was begun before does not go on behind it.
    else if (mark.mark === 'discontinuity') {
      this.#rest = Buffer.alloc(0);
      this.#breaks = true;
    }
  }

  #box(bytes: Buffer, box: Box, wall: number): void {
    const own = bytes.subarray(box.start, box.end);
    if (box.type === 'ftyp') this.#header = [Buffer.from(own)];
    else if (box.type === 'moov') {
      this.#setInit(Buffer.concat([...this.#header, own]));
      this.#header = [];
    } else if (box.type === 'moof') {
      this.#fragment(readFragment(bytes, box, this.#tracks), wall);
      // Its data may come with another push.
      this.#before.push(Buffer.from(own));
    } else if (box.type === 'mdat') {
      for (const part of [...this.#before, own]) this.#put(part);
      this.#before = [];
      if (this.#facts) this.#facts.wholeBytes = this.#facts.bytes;
    } else if (box.type === 'styp' || box.type === 'sidx' || box.type === 'prft' || box.type === 'emsg') {
      // They describe one file; in another they would be wrong.
    } else this.garbage += own.length;
  }

  #setInit(bytes: Buffer): void {
    if (this.#init?.equals(bytes)) return;
    const tracks = readTracks(bytes);
    if (tracks.length === 0) return;
    if (this.#init) this.#pending = 'config';
    this.#init = Buffer.from(bytes);
    this.#tracks = tracks;
  }

  #fragment(runs: readonly TrackRun[], wall: number): void {
    this.#before = [];
    const lead = runs.find(({ track }) => track.kind === 'video') ?? runs[0];
    if (!lead || !this.#init) return;
    const firstMs = Math.min(...runs.map(({ ms }) => ms));
    const step = this.#endMs === undefined ? 0 : lead.ms - this.#endMs;
    if (this.#breaks) this.#pending = 'run';
    else if (
      this.#endMs !== undefined &&
      (step < -JUMP_MS || (step > JUMP_MS && !this.#missing && step > 3_600_000))
    )
      this.#pending = 'run';
    else if (step > JUMP_MS) {
      const { what } = this.#missing ?? {};
      this.#facts?.holes.push({
        fromMs: this.#endMs ?? lead.ms,
        toMs: lead.ms,
        why: what === undefined ? 'source' : 'missing',
        ...(what === undefined ? {} : { what }),
      });
      this.#missing = undefined;
    }
    const key = lead.startsWithKeyframe;
    const cause = this.#facts ? this.#pending : 'start';
    if (cause) this.#begin(cause, key, firstMs);
    else if (key && this.#facts) {
      const answer = this.#due(lead.ms - this.#facts.firstMs, this.#facts.bytes);
      if (answer !== 'no') this.#begin(answer, key, firstMs);
    }
    this.#endMs = lead.ms + lead.durationMs;
    this.newestMs = this.#endMs;
    this.#count(runs, lead, firstMs, key, wall);
  }

  #count(runs: readonly TrackRun[], lead: TrackRun, firstMs: number, key: boolean, wall: number): void {
    const facts = this.#facts;
    if (!facts) return;
    for (const { track, samples } of runs) {
      if (track.kind === 'video') facts.videoFrames += samples;
      else if (track.kind === 'audio') facts.audioFrames += samples;
    }
    if (key && lead.track.kind === 'video') {
      facts.keyframes += 1;
      facts.keyframeAt = facts.bytes;
      this.keyframeWall = wall;
    }
    facts.intervalMs = lead.samples > 0 ? lead.durationMs / lead.samples : 0;
    if (facts.firstMs < 0 || firstMs < facts.firstMs) facts.firstMs = firstMs;
    facts.lastMs = Math.max(facts.lastMs, lead.ms + lead.durationMs - facts.intervalMs);
  }

  #begin(cause: SegmentCause, key: boolean, firstMs: number): void {
    const init = this.#init;
    if (!init) return;
    this.#pending = undefined;
    const facts = newFacts();
    facts.startsWithKeyframe = key;
    const video = this.#tracks.find(({ kind }) => kind === 'video');
    const audio = this.#tracks.find(({ kind }) => kind === 'audio');
    facts.codecs = [video, audio].flatMap((track) => (track ? [track.codec] : []));
    facts.width = video?.width ?? 0;
    facts.height = video?.height ?? 0;
    facts.headBytes = init.length;
    this.#facts = facts;
    const text = createHash('sha256').update(init).digest('hex').slice(0, 16);
    const { what, ms: afterMs } = this.#missing ?? {};
    this.#missing = undefined;
    const follows = this.#breaks ? { follows: { firstMs, afterMs: afterMs ?? 0 } } : {};
    this.#breaks = false;
    const setup = { video: `init:${text}` };
    this.#output.begin({ cause, facts, setup, ...follows, ...(what === undefined ? {} : { missing: what }) });
    this.#put(init);
    facts.wholeBytes = facts.bytes;
  }

  #put(bytes: Buffer): void {
    if (!this.#facts || bytes.length === 0) return;
    this.#facts.bytes += bytes.length;
    this.#output.write(bytes);
  }
}
