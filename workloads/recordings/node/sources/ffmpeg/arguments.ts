import { type SourceContainer, SourceRefused, type SourceSpecLike } from '../../source-port.ts';
import { readAddress, type SourceAddress } from '../source-address.ts';

/** How ffmpeg may read one kind of source. */
interface Reading {
  readonly schemes: readonly string[];
  /** What ffmpeg may open, nested protocols included. Never file, concat, subfile, data, pipe: an address is not a path. */
  readonly protocols: readonly string[];
  /** What the bytes may be taken for; a playlist in place of a stream is none of these. */
  readonly formats: readonly string[];
  readonly options: readonly string[];
  /** What the protocol itself carries, where a recorder can read that: the bytes are passed on as they are. */
  readonly carries?: SourceContainer;
  /** Longest honest pause, where it is more than a recorder's usual one. Milliseconds. */
  readonly silenceMs?: number;
}

const seconds = 1_000_000;
/** Without a byte for so long ffmpeg gives up by itself; the recorder's own watchdog is sooner. Microseconds. */
const silence = String(8 * seconds);

/** What ffmpeg reads for us, by kind of source. `ffmpeg` is what a resolver found and nobody reads in-process. */
const readings: Readonly<Record<string, Reading>> = {
  rtmp: {
    schemes: ['rtmp', 'rtmps', 'rtmpt'],
    protocols: ['rtmp', 'rtmps', 'rtmpt', 'ffrtmphttp', 'http', 'tcp', 'tls'],
    formats: ['data'],
    options: ['-rw_timeout', silence, '-rtmp_live', 'live', '-tcp_nodelay', '1'],
    carries: 'flv',
  },
  rtsp: {
    schemes: ['rtsp', 'rtsps'],
    protocols: ['rtsp', 'rtsps', 'rtp', 'srtp', 'udp', 'tcp', 'tls'],
    formats: ['rtsp', 'rtp', 'sdp', 'mpegts', 'aac', 'h264', 'hevc'],
    // TCP first: nothing is lost on the way. Cameras that have only UDP are asked again so.
    options: ['-rtsp_flags', 'prefer_tcp', '-timeout', silence, '-allowed_media_types', 'video+audio'],
  },
  srt: {
    schemes: ['srt'],
    protocols: ['srt', 'udp'],
    formats: ['data'],
    options: ['-rw_timeout', silence, '-connect_timeout', '5000', '-listen_timeout', String(10 * seconds)],
    carries: 'ts',
  },
  ffmpeg: {
    schemes: ['http', 'https'],
    protocols: ['http', 'https', 'tcp', 'tls', 'crypto', 'httpproxy'],
    formats: [
      'hls',
      'applehttp',
      'dash',
      'mpegts',
      'flv',
      'live_flv',
      'mov',
      'mp4',
      'matroska',
      'webm',
      'aac',
      'mp3',
    ],
    options: ['-rw_timeout', silence, '-multiple_requests', '1'],
    // Of HLS and DASH nothing comes between two pieces, and a list may be late once.
    silenceMs: 30_000,
  },
};

export const ffmpegKinds: readonly string[] = Object.keys(readings);

export interface FfmpegPlan {
  readonly argv: readonly string[];
  /** What comes out of it. */
  readonly container: SourceContainer;
  readonly address: SourceAddress;
  /** Longest honest pause of it, where it is more than usual. Milliseconds. */
  readonly silenceMs?: number;
}

/**
 * How ffmpeg is started for a source; it never decodes a picture, and writes everything at once.
 *
 * RTMP carries FLV tags and SRT a transport stream, both of which recorders read: there ffmpeg is only the end of a protocol,
 * and its bytes go on untouched. Taking them apart would hold back two pictures all the time and everything for the first
 * 1.5 s of a connection (measured), which a kill would lose.
 *
 * RTSP, and what a resolver found, is copied into a transport stream, with the source's times (so that two takes of one
 * source can be laid over each other). `sound: 'aac'` encodes the sound there, for sources whose sound has no place in one.
 * @throws SourceRefused for an address that is none of its kind
 */
export function planFfmpeg(ffmpeg: string, spec: SourceSpecLike, sound: 'copy' | 'aac'): FfmpegPlan {
  const reading = readings[spec.kind];
  if (!reading) throw new SourceRefused('unusable', 'unknown_kind', { kind: spec.kind });
  const address = readAddress(spec.url, reading.schemes);
  const { carries } = reading;
  return {
    address,
    container: carries ?? 'ts',
    ...(reading.silenceMs === undefined ? {} : { silenceMs: reading.silenceMs }),
    argv: [
      ffmpeg,
      ...['-nostdin', '-hide_banner', '-loglevel', 'level+warning'],
      ...['-protocol_whitelist', reading.protocols.join(','), '-format_whitelist', reading.formats.join(',')],
      ...reading.options,
      ...(spec.kind === 'ffmpeg' ? headerOptions(spec.headers) : []),
      ...(spec.kind === 'srt' && atOnce(address.url) ? ['-tsbpd', '0'] : []),
      ...(carries ? ['-f', 'data', '-raw_packet_size', '16384'] : probing),
      ...['-i', address.url],
      ...(carries ? ['-map', '0', '-c', 'copy', '-f', 'data'] : remuxing(sound, spec.program)),
      ...['-flush_packets', '1', 'pipe:1'],
    ],
  };
}

/**
 * SRT without its fixed delay: `?tsbpd=0` in the address, which ffmpeg knows as an option only. What has come in order is there
 * at once, so a kill loses none of it, and a lost packet may be sent again for a second instead of the 120 ms. It is not the
 * default: libsrt may let a packet overtake a lost one then, where the sender does not ask for order. From ffmpeg they came in
 * order (`test/sources/srt-line.test.ts`); other senders were not tried.
 */
function atOnce(url: string): boolean {
  return new URL(url).searchParams.get('tsbpd') === '0';
}

/**
 * Enough to find sound that begins a second after the picture, and no more: until then nothing is on disk. The rate of
 * pictures is not asked for (that takes twenty of them), because times are copied.
 */
const probing: readonly string[] = [
  ...['-analyzeduration', String(1.5 * seconds), '-probesize', '2000000', '-fpsprobesize', '0'],
  ...['-fflags', '+discardcorrupt'],
];

function remuxing(sound: 'copy' | 'aac', program: number | undefined): readonly string[] {
  // Playlists of other programs are not even fetched.
  const [video, audio] =
    program === undefined ? ['0:v:0?', '0:a?'] : [`0:p:${program}:v?`, `0:p:${program}:a?`];
  return [
    ...['-map', video, '-map', audio, '-dn', '-sn', '-c:v', 'copy'],
    ...(sound === 'copy' ? ['-c:a', 'copy'] : ['-c:a', 'aac', '-b:a', '128k', '-ar', '48000']),
    // Nothing waits for its neighbour in another track (sound comes in bundles): what waits, a kill loses.
    ...['-copyts', '-max_interleave_delta', String(0.01 * seconds)],
    // Each frame of sound in a packet of its own: eight together would be a sixth of a second that a kill loses.
    ...['-f', 'mpegts', '-mpegts_copyts', '1', '-pes_payload_size', '0'],
    ...['-muxdelay', '0', '-muxpreload', '0'],
  ];
}

/** Only whole headers, none that could smuggle in another. */
function headerOptions(headers: SourceSpecLike['headers']): string[] {
  const lines = Object.entries(headers ?? {}).filter(
    ([name, value]) => /^[A-Za-z0-9-]{1,64}$/.test(name) && !/\p{Cc}/u.test(value),
  );
  return lines.length === 0
    ? []
    : ['-headers', lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')];
}
