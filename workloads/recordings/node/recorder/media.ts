import type { Reason } from '@backlot/contract';
import type { SourceMark } from '../source-port.ts';

/**
 * What the recorder and the readers of media (FLV, TS, fMP4) tell each other. A reader knows bytes, frames and times; it
 * says where segments may begin and which bytes belong to them. It knows nothing of files, takes and wall clocks.
 */

/**
 * Media that is missing inside a run, on the source's own clock: from the end of the last frame before it (not from its
 * beginning) to the first one behind it. Milliseconds.
 */
export interface MediaHole {
  readonly fromMs: number;
  readonly toMs: number;
  readonly why: 'source' | 'missing';
  readonly what?: string;
}

/** About one segment; filled while it grows, and final when the next begins. */
export interface SegmentFacts {
  videoFrames: number;
  audioFrames: number;
  keyframes: number;
  /** Source time of the earliest and latest frame, unwrapped, in milliseconds; -1 before the first. */
  firstMs: number;
  lastMs: number;
  /** Usual distance between frames, for the end of the last one. Milliseconds. */
  intervalMs: number;
  startsWithKeyframe: boolean;
  /** `file time + baseMs = source time`. */
  baseMs: number;
  /** Names of codecs, picture first. */
  codecs: readonly string[];
  width: number;
  height: number;
  /** Bytes handed to the segment, its head included. */
  bytes: number;
  /** Bytes of it up to the end of the last whole tag, packet or fragment. */
  wholeBytes: number;
  /** Where the newest keyframe begins in it; -1 without any. */
  keyframeAt: number;
  /** Bytes of the head: what a player needs before any keyframe. */
  headBytes: number;
  readonly holes: MediaHole[];
  /** Faults that were put right, by kind. */
  readonly repairs: Record<string, number>;
}

export function newFacts(): SegmentFacts {
  return {
    videoFrames: 0,
    audioFrames: 0,
    keyframes: 0,
    firstMs: -1,
    lastMs: -1,
    intervalMs: 0,
    startsWithKeyframe: false,
    baseMs: 0,
    codecs: [],
    width: 0,
    height: 0,
    bytes: 0,
    wholeBytes: 0,
    keyframeAt: -1,
    headBytes: 0,
    holes: [],
    repairs: {},
  };
}

/** Why a segment begins. `run`: the source's clock was set anew. `config`: a decoder must be set up anew. */
export type SegmentCause = 'start' | 'due' | 'part' | 'config' | 'run';

/** What a decoder must know, one short text for each stream that has one: equal texts, equal set-up. */
export interface DecoderSetup {
  readonly video?: string;
  readonly audio?: string;
}

export interface SegmentStart {
  readonly cause: SegmentCause;
  readonly facts: SegmentFacts;
  readonly setup: DecoderSetup;
  /** The source says that this stands right behind what came before, whatever its times: so much media later. */
  readonly follows?: { readonly firstMs: number; readonly afterMs: number };
  /** What the source calls the pieces that are missing before it. */
  readonly missing?: string;
}

/** Where a reader's findings go. */
export interface MediaOutput {
  /** The segment before has all its bytes, and this one begins. */
  begin(start: SegmentStart): void;
  /** Bytes of the segment in work; good until the push in which they are told returns. */
  write(bytes: Buffer): void;
}

/** Asked at every place where a cut loses nothing. */
export type CutRule = (segmentMs: number, segmentBytes: number) => 'no' | 'due' | 'part';

/** A reader of one container, for one connection. Never throws, whatever comes. */
export interface MediaReader {
  /** @param wall arrival, in milliseconds of a monotonic clock that goes on over connections. */
  push(chunk: Buffer, wall: number): void;
  mark(mark: SourceMark): void;
  /** Source time of the newest frame, unwrapped, in milliseconds; undefined before the first of a run. */
  readonly newestMs: number | undefined;
  /** When the newest keyframe arrived; undefined without any. */
  readonly keyframeWall: number | undefined;
  /** Bytes that were no media. */
  readonly garbage: number;
  /** Why another connection would be better, where it would. */
  readonly complaint: Reason | undefined;
}
