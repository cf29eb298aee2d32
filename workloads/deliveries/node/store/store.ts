import type { Readable } from 'node:stream';
import type { RateLimits } from '../net/least-rate.ts';

/** What a target says of a file. */
export interface RemoteFile {
  /** Bytes. */
  readonly size: number;
  /** As the target names this version of it; opaque. */
  readonly etag: string | null;
  /** What we noted beside the file when we sent it; a hint, never a proof. */
  readonly noted: string | null;
}

/** Where bytes come from: a file of ours that does not change. */
export interface Source {
  readonly path: string;
  readonly size: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  readonly mediaType: string;
}

/** How a transfer tells what goes on, and is held back. */
export interface Pace {
  readonly signal: AbortSignal;
  /** How slowly the target may take what it is sent. */
  readonly limits: RateLimits;
  /** Bytes that have left; also those of parts that will have to be sent again. */
  sent(bytes: number): void;
  /** What stands at the target for certain, of the whole file. */
  reached(bytes: number): void;
  /** Parts of a file that may be on their way at once, now; one unless told. They share what `allow` lets through. */
  partsAtOnce?(): number;
  /** So many bytes go at once at most, so that a limit of bandwidth leaves no silence between them; 64 KiB unless told. */
  readonly pieceBytes?: number;
  /** Waits until so many bytes may go; at once without a limit. */
  allow(bytes: number): Promise<void>;
}

/**
 * A place that keeps files. Every method may be repeated, throws a `StoreFault` for what the target answers, and ends
 * when its signal is aborted. Paths are clean (`cleanPath`) and below the target's prefix.
 */
export interface Store {
  /** Undefined when nothing stands there. */
  stat(path: string, signal: AbortSignal): Promise<RemoteFile | undefined>;
  /**
   * Brings the whole source under the path, and goes on where an earlier call was cut off, also one of a process that was
   * killed. The file is seen under its name only once it is whole.
   * @throws StoreFault `taken` when something stands there already, where the target can tell
   */
  put(path: string, source: Source, pace: Pace): Promise<RemoteFile>;
  /** The bytes from an offset on. @throws StoreFault `missing` */
  read(path: string, from: number, signal: AbortSignal): Promise<Readable>;
  /** A SHA-256 that the target itself made of what it keeps; undefined when it can't, and all has to be read. */
  sha256?(path: string, signal: AbortSignal): Promise<string | undefined>;
  /** Deletes a file of a test. Nothing there is as good. */
  remove(path: string, signal: AbortSignal): Promise<void>;
  /** Takes back what `put` has begun and not finished, under this path or the numbered ones that follow it. */
  abandon(path: string, source: Source, signal: AbortSignal): Promise<void>;
  /** Where books are kept of what was begun: this content is still wanted, however long its target is away. */
  renew?(source: Source): Promise<void>;
  /**
   * Takes back what was begun here by uploads that nobody has gone on with for days, and what the one that is `done` has
   * begun under names that were taken meanwhile.
   */
  sweep?(signal: AbortSignal, done?: { readonly path: string; readonly source: Source }): Promise<void>;
  close(): void;
}
