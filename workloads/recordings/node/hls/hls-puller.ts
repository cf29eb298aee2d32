import type { Clock } from '@backlot/contract/clock';
import { sourceReason } from '../../contract/source-phrases.ts';
import { type HttpAgents, keepAliveAgents } from '../http/request.ts';
import {
  type SourceContainer,
  type SourceEnd,
  SourceFault,
  SourceRefused,
  type SourceSink,
  wordsOf,
} from '../source-port.ts';
import { beginsAsMedia, decrypt, type FetchOptions, fetchWhole } from './fetch-piece.ts';
import { KnownPieces, type PiecesToken } from './known-pieces.ts';
import { nextPieces } from './next-pieces.ts';
import { chooseVariant, type HlsKey, type HlsSegment, type MediaPlaylist, readPlaylist } from './playlist.ts';

const PLAYLIST_BYTES = 8 * 1024 * 1024;
const PIECE_BYTES = 256 * 1024 * 1024;
const PLAYLIST_MS = 8_000;
/** Times that a piece is asked for before it counts as missing. */
const TRIES = 4;
/** For a piece that is compared before a connection counts as open: whoever opens does not wait for long. */
const COMPARE_MS = 3_000;
/** Playlists that fail in a row before the connection is given up. */
const FAILURES = 5;

export interface HlsOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly qualities: readonly string[];
  readonly clock: Clock;
  /** Where the connection was that this one goes on with. */
  readonly resume: PiecesToken | undefined;
}

/** A live playlist that can be pulled. */
export interface OpenedPlaylist {
  readonly container: SourceContainer;
  readonly targetMs: number;
  readonly resumed: boolean;
  readonly url: string;
}
/** Picture and sound come in playlists of their own: two streams to be put together, which this puller does not do. */
export interface SeparateSound {
  /** Of the playlist that names them. */
  readonly url: string;
  /** Place of the chosen variant in it. */
  readonly program: number;
}

/** Pulls a live playlist: each piece once, in order, whole; what could not be had is named. */
export class HlsPuller {
  readonly #options: HlsOptions;
  readonly #agents: HttpAgents = keepAliveAgents();
  readonly #abort = new AbortController();
  readonly #keys = new Map<string, Buffer>();
  #playlist: MediaPlaylist | undefined;
  /** Of the media playlist: relative addresses start here. */
  #url: string;
  #next: number | undefined;
  #map = '';
  readonly #known: KnownPieces;
  /** No list has come for a while: who knows what has happened there. */
  #blind: boolean;
  /** The server was found to count anew when this was opened. */
  #anew = false;
  #madeAt: number | undefined;
  /** Lists have been older than what is there since then; `sequence` is how far they had got. */
  #behind: { readonly at: number; readonly sequence: number } | undefined;
  quality: string | undefined;

  constructor(options: HlsOptions) {
    this.#options = options;
    this.#url = options.url;
    this.#next = options.resume?.next;
    this.#known = new KnownPieces(options.resume);
    this.#blind = options.resume !== undefined;
  }

  /** Finds the media playlist and looks at it. @throws SourceRefused, and errors of the network */
  async open(signal: AbortSignal): Promise<OpenedPlaylist | SeparateSound> {
    const onAbort = () => this.close();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      for (let depth = 0; depth < 3; depth++) {
        const { bytes, url } = await fetchWhole(this.#url, this.#fetchOptions(PLAYLIST_MS, PLAYLIST_BYTES));
        const playlist = readPlaylist(bytes.toString('utf8'));
        if (!playlist) throw new SourceRefused('unusable', 'no_playlist');
        if (playlist.kind === 'media') {
          this.#url = url;
          this.#playlist = playlist;
          if (playlist.segments.length === 0) throw new SourceRefused('offline', 'playlist_empty');
          const container = this.#containerOf(playlist);
          const from = playlist.segments[0]?.sequence ?? 0;
          const known = this.#next !== undefined && from <= this.#next + 100_000;
          this.#anew = known && (await this.#hasOther(playlist, COMPARE_MS));
          const resumed = known && !this.#anew;
          return { container, targetMs: playlist.targetMs, resumed, url };
        }
        const variant = chooseVariant(playlist.variants, this.#options.qualities);
        if (!variant) throw new SourceRefused('offline', 'variants_none');
        this.quality = variant.name || (variant.height > 0 ? `${variant.height}p` : undefined);
        if (variant.audioGroup) return { url, program: variant.place };
        this.#url = new URL(variant.uri, url).href;
      }
      throw new SourceRefused('unusable', 'playlist_nested');
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Delivers pieces until the list ends, the source is lost, or it is closed. */
  async run(sink: SourceSink): Promise<void> {
    const end = await this.#follow(sink).catch(
      (error: unknown): SourceEnd => ({
        why: 'failed',
        reason: wordsOf(error),
      }),
    );
    const closed = this.#abort.signal.aborted;
    this.close();
    if (!closed) sink.end(end);
  }

  close(): void {
    this.#abort.abort(new Error('Closed.'));
    this.#agents.destroy();
  }

  async #follow(sink: SourceSink): Promise<SourceEnd> {
    const { clock } = this.#options;
    const { signal } = this.#abort;
    let failures = 0;
    let playlist = this.#playlist;
    while (!signal.aborted) {
      const asked = clock.monotonic();
      let fresh = false;
      if (playlist) {
        const { fetch, missed, restarted } = await this.#look(playlist);
        if (restarted) sink.mark({ mark: 'discontinuity' });
        if (missed) {
          sink.mark({ mark: 'missing', what: nameOf(missed.from, missed.to), ms: missed.ms });
          this.#next = missed.to + 1;
        }
        fresh = fetch.length > 0;
        for (const piece of fetch) await this.#deliver(piece, sink);
        if (playlist.ended) return { why: 'finished', reason: sourceReason('ended') };
      }
      // A list that has not changed is looked at again after half its target duration (RFC 8216, 6.3.4).
      const target = this.#playlist?.targetMs ?? 6_000;
      const pause = Math.min(10_000, fresh ? target : target / 2) - (clock.monotonic() - asked);
      await clock.sleep(Math.max(200, pause / 2), signal);
      try {
        playlist = await this.#reload();
        failures = 0;
      } catch (error) {
        failures += 1;
        this.#blind = true;
        if (error instanceof SourceRefused && error.why !== 'unusable') failures += 1;
        if (failures >= FAILURES) throw error;
        playlist = undefined;
        await clock.sleep(250 * failures, signal);
      }
    }
    return { why: 'closed', reason: sourceReason('closed') };
  }

  async #look(playlist: MediaPlaylist) {
    const now = this.#options.clock.monotonic();
    const sequence = playlist.segments.at(-1)?.sequence ?? 0;
    const { at = now, sequence: before = sequence } = this.#behind ?? {};
    const so = {
      next: this.#next,
      names: this.#known.names,
      madeAt: this.#madeAt,
      // One that stands still is nobody's new count: its source is gone.
      behindMs: sequence > before ? now - at : 0,
    };
    const told = nextPieces(playlist, so);
    const anew = !told.restarted && (this.#anew || (await this.#hasOther(playlist)));
    this.#anew = false;
    const found = anew ? nextPieces(playlist, { ...so, anew }) : told;
    this.#behind = found.behind ? (this.#behind ?? { at: now, sequence }) : undefined;
    if (found.restarted) {
      this.#known.clear();
      this.#madeAt = undefined;
      // The same addresses may have other bytes now.
      this.#map = '';
      this.#keys.clear();
    }
    this.#known.saw(playlist);
    return found;
  }

  /**
   * Whether a number that was had stands for other bytes now: names and lists may look as before. Of a piece that can't be had
   * nothing is known; then it is as if nobody had asked.
   */
  async #hasOther(playlist: MediaPlaylist, limitMs?: number): Promise<boolean> {
    const piece = this.#known.suspect(playlist, this.#next, this.#blind);
    if (playlist.segments.length > 0) this.#blind = false;
    if (!piece) return false;
    try {
      return !this.#known.isSame(piece, await this.#piece(piece, limitMs));
    } catch {
      this.#abort.signal.throwIfAborted();
      return false;
    }
  }

  async #reload(): Promise<MediaPlaylist> {
    const { bytes, url } = await fetchWhole(this.#url, this.#fetchOptions(PLAYLIST_MS, PLAYLIST_BYTES));
    const playlist = readPlaylist(bytes.toString('utf8'));
    if (playlist?.kind !== 'media') throw new SourceFault('playlist_gone');
    this.#url = url;
    this.#playlist = playlist;
    return playlist;
  }

  async #deliver(piece: HlsSegment, sink: SourceSink): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#abort;
    let reason: unknown;
    for (let attempt = 0; attempt < TRIES && !piece.gap; attempt++) {
      signal.throwIfAborted();
      try {
        const init = piece.map ? await this.#initOf(piece) : undefined;
        const bytes = await this.#piece(piece);
        signal.throwIfAborted();
        if (piece.discontinuity && this.#next !== undefined) sink.mark({ mark: 'discontinuity' });
        if (init) {
          sink.mark({ mark: 'init', bytes: init.bytes });
          // Only now: a try that failed in between has told nobody of it.
          this.#map = init.name;
        }
        sink.data(bytes);
        this.#next = piece.sequence + 1;
        this.#madeAt = piece.madeAt;
        this.#known.had(piece, bytes);
        sink.mark({ mark: 'position', token: this.#known.token(this.#next) });
        return;
      } catch (error) {
        signal.throwIfAborted();
        reason = error;
        // An encoder that is started again may have another key at the same address.
        if (piece.key) this.#keys.clear();
        // What is gone will not come back.
        if (error instanceof SourceRefused && error.why === 'offline' && attempt > 0) break;
        await clock.sleep(200 * (attempt + 1), signal);
      }
    }
    if (reason instanceof SourceRefused && reason.why === 'denied') throw reason;
    if (piece.discontinuity && this.#next !== undefined) sink.mark({ mark: 'discontinuity' });
    sink.mark({ mark: 'missing', what: nameOf(piece.sequence, piece.sequence), ms: piece.durationMs });
    this.#next = piece.sequence + 1;
  }

  async #piece(piece: HlsSegment, limit = Math.max(10_000, 3 * piece.durationMs)): Promise<Buffer> {
    const address = new URL(piece.uri, this.#url).href;
    const options = { ...this.#fetchOptions(limit, PIECE_BYTES), range: piece.range };
    const { bytes } = await fetchWhole(address, options);
    const { key, sequence } = piece;
    if (!key) return bytes;
    const kept = this.#keys.has(this.#addressOf(key));
    const open = decrypt(bytes, await this.#secret(key), key, sequence);
    if (!kept || beginsAsMedia(open)) return open;
    // A key that is not the piece's any more is found out by the padding, but for one in 256: then noise comes out.
    this.#keys.delete(this.#addressOf(key));
    return decrypt(bytes, await this.#secret(key), key, sequence);
  }

  /** The initialization segment, when it is another one than before. */
  async #initOf({
    map,
    key,
    sequence,
  }: HlsSegment): Promise<{ readonly name: string; readonly bytes: Buffer } | undefined> {
    if (!map) return undefined;
    const address = new URL(map.uri, this.#url).href;
    const name = `${address} ${map.range?.offset ?? ''}`;
    if (this.#map === name) return undefined;
    const { bytes } = await fetchWhole(address, {
      ...this.#fetchOptions(10_000, PIECE_BYTES),
      range: map.range,
    });
    const open = key?.iv !== undefined ? decrypt(bytes, await this.#secret(key), key, sequence) : bytes;
    return { name, bytes: open };
  }

  #addressOf(key: HlsKey): string {
    return new URL(key.uri, this.#url).href;
  }

  async #secret(key: HlsKey): Promise<Buffer> {
    if (key.method !== 'AES-128')
      throw new SourceRefused('denied', 'encrypted', { method: key.method.slice(0, 40) });
    const address = this.#addressOf(key);
    const known = this.#keys.get(address);
    if (known) return known;
    const { bytes } = await fetchWhole(address, this.#fetchOptions(10_000, 1_024));
    if (bytes.length !== 16) throw new SourceFault('key_broken');
    if (this.#keys.size > 20) this.#keys.clear();
    this.#keys.set(address, bytes);
    return bytes;
  }

  #containerOf({ segments }: MediaPlaylist): SourceContainer {
    const [piece] = segments;
    return piece?.map !== undefined || /\.(m4s|mp4|cmfv)(\?|$)/i.test(piece?.uri ?? '') ? 'fmp4' : 'ts';
  }

  #fetchOptions(timeoutMs: number, mostBytes: number): FetchOptions {
    const { headers } = this.#options;
    return { headers, agents: this.#agents, signal: this.#abort.signal, timeoutMs, mostBytes };
  }
}

const nameOf = (from: number, to: number): string =>
  from === to ? `media sequence ${from}` : `media sequence ${from}-${to}`;
