import type { Readable } from 'node:stream';
import type { PhraseParams, Reason } from '@backlot/contract';
import type { Clock } from '@backlot/contract/clock';
import { type SourceCode, sourceReason } from '../contract/source-phrases.ts';

/**
 * Where the bytes of a channel come from. The recorder knows nothing of protocols: a source adapter opens a connection
 * and lets bytes flow into a sink, exactly as they were received; the recorder decides when to open, when a connection
 * is no good any more, and what is kept. Adapters never retry on their own and never judge the media.
 */

/** What the bytes are. `ts` and `fmp4` come in any slices too; the recorder finds packets and boxes itself. */
export type SourceContainer = 'flv' | 'ts' | 'fmp4';

/** The part of a source's description that every adapter may rely on; each narrows it by `kind`. */
export interface SourceSpecLike {
  readonly kind: string;
  readonly url?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Of the programs that it offers this one, by its place from 0; only for what ffmpeg reads. */
  readonly program?: number | undefined;
}

/** Something about the stream that stands between two bytes of it. */
export type SourceMark =
  /**
   * All bytes so far are whole pieces, and `token` is what `open` needs to go on right behind them (HLS: the next media
   * sequence). After a crash the recorder cuts back to the last position and asks again from there, so nothing is lost.
   */
  | { readonly mark: 'position'; readonly token: string }
  /** The source itself says that clocks or coding change here. */
  | { readonly mark: 'discontinuity' }
  /** Pieces that the source had and we could not get any more, named as the source names them. */
  | { readonly mark: 'missing'; readonly what: string; readonly ms: number }
  /** fMP4: the initialization segment of what follows. */
  | { readonly mark: 'init'; readonly bytes: Buffer };

/** Why a connection ended. `finished` only when the source said by itself that the broadcast is over. */
export interface SourceEnd {
  readonly why: 'finished' | 'closed' | 'failed';
  /** Without secrets, for people. */
  readonly reason: Reason;
}

/** The receiving side, the recorder's. None of these ever throws; nothing may be told after `end`. */
export interface SourceSink {
  /** Bytes as received, in order. The buffer is the recorder's, to write into, until this returns; then the source's again. */
  data(chunk: Buffer): void;
  mark(mark: SourceMark): void;
  /** Once, last. */
  end(end: SourceEnd): void;
}

/** What is known about an open connection, for people. No secrets: URLs without user, password and query. */
export interface SourceFacts {
  readonly address: string;
  /** Name of the quality that was chosen, where there is a choice. */
  readonly quality?: string;
  readonly title?: string;
}

/** One connection, open and about to deliver. */
export interface SourceConnection {
  readonly container: SourceContainer;
  readonly facts: SourceFacts;
  /** Longest honest pause between two deliveries, in milliseconds; 5,000 unless told (HLS: some target durations). */
  readonly silenceMs?: number;
  /** It goes on right behind the token that `open` was given, on the same clock. */
  readonly resumed?: boolean;
  /** Bytes begin to flow: called once, at once after `open`. `data` may be called before this returns. */
  start(sink: SourceSink): void;
  /** Ends it from our side and frees everything. Idempotent; `end` may or may not follow. */
  close(): void;
}

/** What came of a look at a source, before anything is opened. */
export interface Liveness {
  /** `unknown`: could not be found out; the recorder asks again later and keeps what it believed. */
  readonly state: 'live' | 'offline' | 'unknown';
  readonly title?: string;
  /** Why, where it is `offline` or `unknown`. Without secrets. */
  readonly reason?: Reason;
  /** Do not ask again before; milliseconds. */
  readonly retryAfterMs?: number;
}

export interface SourceContext {
  readonly clock: Clock;
  /** Aborted when nobody wants the answer any more. */
  readonly signal: AbortSignal;
  readonly log: (message: string, details?: Record<string, unknown>) => void;
  /** A folder of this channel's own, for sockets and small files; not for media. */
  readonly scratchDir: string;
  /** Settings of the node (paths of tools), by environment variable. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface OpenContext extends SourceContext {
  /** 0 after a success, then 1, 2, 3 … attempts that failed in a row: choose another address where there are several. */
  readonly attempt: number;
  /** Token of the last `position` mark, when this goes on with an earlier connection. */
  readonly resume?: string;
  /** Wanted qualities, best first. */
  readonly qualities: readonly string[];
  /** New facts while the connection is open, and before: a changed title cuts where the channel asks for it. */
  onMeta(meta: { readonly title?: string; readonly quality?: string }): void;
  /** Opens another source in place of this one: how a resolver hands over to HLS or HTTP-FLV. */
  delegate(spec: SourceSpecLike): Promise<SourceConnection>;
}

/** How sources of some kinds are looked at and opened. */
export interface SourceAdapter {
  readonly kinds: readonly string[];
  /**
   * Is it live? At most a few seconds. Left out where opening is the only way to know (HTTP-FLV, RTMP pull): the
   * recorder then tries to open at `pollMs`.
   */
  probe?(spec: SourceSpecLike, context: SourceContext): Promise<Liveness>;
  /**
   * Resolves at the moment it goes live, for sources that come to us (push) or tell by themselves. Used instead of
   * `probe` where there is one. Rejects when aborted.
   */
  awaitLive?(spec: SourceSpecLike, context: SourceContext): Promise<Liveness>;
  /** Between two looks while offline, in milliseconds; 5,000 unless told. */
  readonly pollMs?: number;
  /**
   * Opens a connection; within `openMs` (10 s unless told), else it is aborted.
   * @throws SourceRefused for an answer that says something (not live, not allowed); anything else counts as a network
   * fault.
   */
  open(spec: SourceSpecLike, context: OpenContext): Promise<SourceConnection>;
  readonly openMs?: number;
}

/** A fault on the way to a source, with a sentence for people. */
export class SourceFault extends Error {
  override readonly name: string = 'SourceFault';
  readonly reason: Reason;

  constructor(words: SourceCode | Reason, params: PhraseParams = {}) {
    const reason = typeof words === 'string' ? sourceReason(words, params) : words;
    super(reason.message);
    this.reason = reason;
  }
}

/** An honest no from a source. */
export class SourceRefused extends SourceFault {
  override readonly name = 'SourceRefused';
  /** `offline`: not live now. `denied`: credentials or rights. `unusable`: it answers, with nothing we can record. */
  readonly why: 'offline' | 'denied' | 'unusable';
  readonly retryAfterMs: number | undefined;

  constructor(
    why: 'offline' | 'denied' | 'unusable',
    words: SourceCode | Reason,
    params: PhraseParams = {},
    retryAfterMs?: number,
  ) {
    super(words, params);
    this.why = why;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Faults of the network that have a sentence of their own. */
const networkWords: Readonly<Record<string, SourceCode>> = {
  ECONNREFUSED: 'refused_port',
  ENOTFOUND: 'unknown_host',
  EAI_AGAIN: 'unknown_host',
  ECONNRESET: 'cut',
  EPIPE: 'cut',
  ETIMEDOUT: 'timeout',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
};

/** The sentence of whatever went wrong with a source. */
export function wordsOf(error: unknown): Reason {
  if (error instanceof SourceFault) return error.reason;
  if (error instanceof DOMException && error.name === 'TimeoutError') return sourceReason('timeout');
  if (!(error instanceof Error)) return sourceReason('unreachable');
  const known = 'code' in error && typeof error.code === 'string' ? networkWords[error.code] : undefined;
  return known ? sourceReason(known) : sourceReason('fault', { detail: error.message });
}

/** What an adapter that has a readable stream (a child's stdout, a socket) needs to be a connection. */
export interface ReadableSource {
  readonly container: SourceContainer;
  readonly facts: SourceFacts;
  readonly readable: Readable;
  readonly silenceMs?: number;
  /** Frees what stands behind the stream (ends the child). Called once. */
  close(): void;
  /** How the end is to be told, asked when the stream has ended or failed. */
  ended?(error: Error | undefined): SourceEnd | Promise<SourceEnd>;
}

/** A connection over a readable stream. Chunks go on as they are, without copies and without async iteration. */
export function connectReadable(source: ReadableSource): SourceConnection {
  const { readable } = source;
  let over = false;
  const free = () => {
    if (over) return;
    over = true;
    readable.removeAllListeners('data');
    readable.destroy();
    source.close();
  };
  return {
    container: source.container,
    facts: source.facts,
    ...(source.silenceMs === undefined ? {} : { silenceMs: source.silenceMs }),
    start(sink) {
      const finish = async (error: Error | undefined) => {
        if (over) return;
        const plain: SourceEnd = error
          ? { why: 'failed', reason: wordsOf(error) }
          : { why: 'closed', reason: sourceReason('closed') };
        const end = source.ended ? await Promise.resolve(source.ended(error)).catch(() => plain) : plain;
        if (over) return;
        free();
        sink.end(end);
      };
      readable.on('data', (chunk: Buffer) => {
        if (!over) sink.data(chunk);
      });
      readable.once('end', () => void finish(undefined));
      // Stays: a stream may fail once more while it is being destroyed, and nobody listening would end the process.
      readable.on('error', (error) => void finish(error));
      readable.once('close', () => void finish(undefined));
    },
    close: free,
  };
}
