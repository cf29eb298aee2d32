import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Sample } from './sample.ts';

export interface HlsOriginOptions {
  readonly sample: Sample;
  /** An empty folder for the segments. */
  readonly folder: string;
  /** Segments in the playlist; 6 unless told. */
  readonly window?: number;
  /** Length of a segment, a whole number of GOPs; one GOP unless told. */
  readonly segmentMs?: number;
  /** How long each is "live", so that minutes pass in seconds: wall milliseconds; the segment's length unless told. */
  readonly paceMs?: number;
  readonly container?: 'ts' | 'fmp4';
  /** Segments that can still be fetched after they left the playlist (RFC 8216 6.2.2 wants some); 1 unless told. */
  readonly grace?: number;
}

interface LiveSegment {
  readonly durationMs: number;
  readonly bytes: Buffer;
}

/**
 * A live HLS server on loopback with a sliding window. The media sequence number of a segment is its place in the
 * endless broadcast; rounds of the sample are joined by a discontinuity. `/live.m3u8` is the media playlist,
 * `/master.m3u8` names it in two qualities.
 */
export class HlsOrigin {
  readonly #options: HlsOriginOptions;
  readonly #segments: readonly LiveSegment[];
  readonly #map: Buffer | undefined;
  readonly #server: Server;
  #startedAt = performance.now();
  /** Milliseconds that had passed when the clock was stopped. */
  #stoppedAt: number | undefined;
  /** Requests in their order, as `live.m3u8` or `12`. */
  readonly asked: { readonly what: string; readonly status: number; readonly at: number }[] = [];
  readonly missing = new Set<number>();
  #byLooks = false;
  /** So many of the next requests for pieces are answered 503. */
  failing = 0;
  /** The piece that has the number 0, since the encoder was started again. */
  #zero = 0;
  #state: 'live' | 'stale' | 'ended' | 'offline' = 'live';
  #frozenAt = 0;

  private constructor(options: HlsOriginOptions) {
    this.#options = options;
    const { segments, map } = cutIntoSegments(options);
    this.#segments = segments;
    this.#map = map;
    this.#server = createServer((request, response) => this.#answer(request.url ?? '/', response));
  }

  static async open(options: HlsOriginOptions): Promise<HlsOrigin> {
    const origin = new HlsOrigin(options);
    await new Promise<void>((resolve, reject) => {
      origin.#server.once('error', reject);
      origin.#server.listen(0, '127.0.0.1', resolve);
    });
    return origin;
  }

  get base(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
  get url(): string {
    return `${this.base}/live.m3u8`;
  }

  /** Time stands still: nothing new, nothing expires. So a test does not depend on how fast a process starts. */
  stopClock(): void {
    this.#stoppedAt ??= performance.now() - this.#startedAt;
  }
  /** Time goes on from where it stood. */
  startClock(): void {
    if (this.#stoppedAt === undefined) return;
    this.#startedAt = performance.now() - this.#stoppedAt;
    this.#stoppedAt = undefined;
  }

  /** So much time passes at once, and then it stands still again. */
  advance(ms: number): void {
    this.stopClock();
    this.#stoppedAt = (this.#stoppedAt ?? 0) + ms;
  }
  /**
   * From now on a list that was asked for is what lets time pass: half a piece for each, as often as pullers look, however
   * long they stand still in between.
   */
  paceByLooks(): void {
    this.stopClock();
    this.#byLooks = true;
  }

  /** The playlist stays as it is; segments still expire. */
  freeze(): void {
    this.#frozenAt = this.newest;
    this.#state = 'stale';
  }
  /** No more segments, and the playlist says so. */
  end(): void {
    this.#frozenAt = this.newest;
    this.#state = 'ended';
  }
  /** The encoder is started again: the next piece has the number 0, and the list begins with it. */
  restartNumbers(): void {
    this.#zero = this.newest + 1;
  }
  goOffline(): void {
    this.#state = 'offline';
  }
  goLive(): void {
    this.#state = 'live';
  }

  /** Sequence number of the newest segment. The broadcast began a whole window ago. */
  get newest(): number {
    if (this.#state === 'stale' || this.#state === 'ended') return this.#frozenAt;
    return this.#due;
  }
  /** Sequence number of the oldest segment in the playlist. */
  get oldest(): number {
    return Math.max(this.#zero, this.newest - this.#window + 1);
  }
  /** Bytes of any segment, expired or not yet there, to compare with. */
  segment(sequence: number): LiveSegment {
    const found = this.#segments[sequence % this.#segments.length];
    if (!found) throw new Error('There are no segments.');
    return found;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  get #window(): number {
    return this.#options.window ?? 6;
  }
  get #segmentMs(): number {
    return this.#options.segmentMs ?? this.#options.sample.gopMs;
  }
  get #paceMs(): number {
    return this.#options.paceMs ?? this.#segmentMs;
  }
  get #due(): number {
    const passed = this.#stoppedAt ?? performance.now() - this.#startedAt;
    return this.#window - 1 + Math.floor(passed / this.#paceMs);
  }

  #answer(url: string, response: ServerResponse): void {
    const what = url.replace(/\?.*/, '').slice(1);
    const [status, body] = this.#find(what);
    this.asked.push({ what: what.replace(/^segment-|\.(ts|m4s)$/g, ''), status, at: Date.now() });
    if (this.#byLooks && what === 'live.m3u8') this.advance(this.#paceMs / 2);
    const type = what.endsWith('.m3u8') ? 'application/vnd.apple.mpegurl' : 'video/mp2t';
    response.writeHead(status, { 'content-type': type, 'content-length': body.length }).end(body);
  }

  #find(what: string): [number, Buffer] {
    if (this.#state === 'offline') return [404, Buffer.from('There is no such stream.\n')];
    if (what === 'master.m3u8') return [200, Buffer.from(master)];
    if (what === 'live.m3u8') return [200, Buffer.from(this.#playlist())];
    if (what === 'init.mp4' && this.#map) return [200, this.#map];
    const sequence = this.#zero + Number(/^segment-(\d+)\.(ts|m4s)$/.exec(what)?.[1] ?? Number.NaN);
    if (!Number.isNaN(sequence) && this.failing > 0) {
      this.failing -= 1;
      return [503, Buffer.from('Not now.\n')];
    }
    const first = this.#due - this.#window + 1 - (this.#options.grace ?? 1);
    if (!(sequence >= first && sequence <= this.#due) || this.missing.has(sequence))
      return [404, Buffer.from('There is no such segment.\n')];
    return [200, this.segment(sequence).bytes];
  }

  #playlist(): string {
    const count = this.#segments.length;
    const numbers: number[] = [];
    for (let n = this.oldest; n <= this.newest; n += 1) numbers.push(n);
    const longest = Math.max(...this.#segments.map(({ durationMs }) => durationMs));
    return [
      '#EXTM3U',
      `#EXT-X-VERSION:${this.#map ? 7 : 3}`,
      `#EXT-X-TARGETDURATION:${Math.ceil(longest / 1_000)}`,
      `#EXT-X-MEDIA-SEQUENCE:${this.oldest - this.#zero}`,
      `#EXT-X-DISCONTINUITY-SEQUENCE:${Math.max(0, Math.floor((this.oldest - 1) / count))}`,
      ...(this.#map ? ['#EXT-X-MAP:URI="init.mp4"'] : []),
      ...numbers.flatMap((n) => [
        ...(n > 0 && n % count === 0 ? ['#EXT-X-DISCONTINUITY'] : []),
        `#EXTINF:${(this.segment(n).durationMs / 1_000).toFixed(6)},`,
        `segment-${n - this.#zero}.${this.#map ? 'm4s' : 'ts'}`,
      ]),
      ...(this.#state === 'ended' ? ['#EXT-X-ENDLIST'] : []),
      '',
    ].join('\n');
  }
}

const master = [
  '#EXTM3U',
  '#EXT-X-STREAM-INF:BANDWIDTH=3000000,RESOLUTION=1280x720,NAME="720p"',
  'live.m3u8?quality=720p',
  '#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360,NAME="360p"',
  'live.m3u8?quality=360p',
  '',
].join('\n');

/** Real segments by real ffmpeg, `-c copy`: the stamps in the packets stay. */
function cutIntoSegments({ sample, folder, segmentMs, container = 'ts' }: HlsOriginOptions): {
  segments: LiveSegment[];
  map: Buffer | undefined;
} {
  mkdirSync(folder, { recursive: true });
  const argv = [
    ...['-nostdin', '-v', 'error', '-y', '-i', sample.path, '-c', 'copy', '-f', 'hls'],
    ...['-hls_time', String((segmentMs ?? sample.gopMs) / 1_000), '-hls_list_size', '0'],
    ...['-hls_segment_type', container === 'ts' ? 'mpegts' : 'fmp4'],
    ...['-hls_fmp4_init_filename', 'init.mp4'],
    ...['-hls_segment_filename', join(folder, `%05d.${container === 'ts' ? 'ts' : 'm4s'}`)],
    join(folder, 'all.m3u8'),
  ];
  const ended = spawnSync('ffmpeg', argv, { encoding: 'utf8', timeout: 120_000 });
  if (ended.status !== 0) throw new Error(ended.stderr || String(ended.error));
  const playlist = readFileSync(join(folder, 'all.m3u8'), 'utf8');
  const segments = [...playlist.matchAll(/#EXTINF:([\d.]+),\s*\n(\S+)/g)].map(
    ([, seconds = '0', name = '']) => ({
      durationMs: Number(seconds) * 1_000,
      bytes: readFileSync(join(folder, name)),
    }),
  );
  return { segments, map: container === 'fmp4' ? readFileSync(join(folder, 'init.mp4')) : undefined };
}
