import type {
  AudioFacts,
  Container,
  encoderFamilies,
  TranscodeSettings,
  VideoFacts,
} from '../../contract.ts';
import { encoderOf, isTwoPass, passArguments, presetArguments, rateArguments } from './encoders.ts';
import { fitBox } from './fit-box.ts';

/** Where everything is. Names are ours, paths absolute, but for the subtitles: their filter has an escape of its own. */
export interface EncodePlaces {
  readonly ffmpeg: string;
  readonly source: string;
  readonly output: string;
  /** Relative to the work folder, or null. */
  readonly subtitles: string | null;
  /** Prefix of the files in which the first pass leaves what it learned. */
  readonly stats: string;
}

export interface EncodeFacts {
  readonly video: VideoFacts;
  readonly audio: AudioFacts | null;
  readonly threads: number;
  /** ffmpeg 5.1 or newer, which knows `-fps_mode`. */
  readonly fpsMode: boolean;
}

/** One run of ffmpeg after the other; a copy has one, two passes have two. */
export type Passes = readonly (readonly [string, ...string[]])[];

/**
 * Containers that are opened. Playlists and lists of files are none of them: what is uploaded must not make ffmpeg
 * open anything else.
 */
const demuxers = 'matroska,mov,mp4,flv,mpegts,avi,mpeg,ogg,asf,mxf,ivf,h264,hevc,nut';

/** What every ffmpeg and ffprobe is told before a source that people have uploaded. */
export function sourceArguments(source: string): string[] {
  return ['-protocol_whitelist', 'file', '-format_whitelist', demuxers, '-i', `file:${source}`];
}

/** Codecs of sound that each container holds as they are. */
const holds: Readonly<Record<Container, RegExp>> = {
  mp4: /^(aac|mp3|ac3|eac3|alac|opus)$/,
  mkv: /./,
};

/** Names of devices that QSV and VAAPI need. */
const device = '/dev/dri/renderD128';

/** Packets as they are, in the wanted container. */
export function copyPasses(settings: TranscodeSettings, places: EncodePlaces, facts: EncodeFacts): Passes {
  const tag = facts.video.codec === 'hevc' && settings.container === 'mp4' ? ['-tag:v', 'hvc1'] : [];
  return [
    [
      places.ffmpeg,
      ...quiet,
      ...sourceArguments(places.source),
      ...maps(facts.audio, settings.audio.codec === 'none'),
      '-c',
      'copy',
      ...tag,
      ...ending(settings.container, places.output),
    ],
  ];
}

/** The runs of ffmpeg that encode as asked, by the encoder of a family. */
export function encodePasses(
  settings: TranscodeSettings,
  family: (typeof encoderFamilies)[number],
  places: EncodePlaces,
  facts: EncodeFacts,
): Passes {
  const { rate, codec, preset, container } = settings;
  if (rate.mode === 'copy') return copyPasses(settings, places, facts);
  const encoder = encoderOf(family, codec);
  const pass = (number: 1 | 2 | null): [string, ...string[]] => [
    places.ffmpeg,
    ...quiet,
    ...(family === 'vaapi' ? ['-vaapi_device', device] : []),
    '-threads',
    String(facts.threads),
    ...sourceArguments(places.source),
    ...maps(facts.audio, settings.audio.codec === 'none' || number === 1),
    ...filters(settings, family, places, facts),
    ...(settings.fps === undefined ? [facts.fpsMode ? '-fps_mode' : '-vsync', 'passthrough'] : []),
    '-c:v',
    encoder,
    ...presetArguments(encoder, preset),
    ...rateArguments(encoder, rate),
    ...passArguments(encoder, rate, number, places.stats),
    '-threads',
    String(facts.threads),
    ...(codec === 'h265' && container === 'mp4' && number !== 1 ? ['-tag:v', 'hvc1'] : []),
    ...(number === 1
      ? ['-f', 'null', '-']
      : [...audioArguments(settings, facts.audio), ...ending(container, places.output)]),
  ];
  return isTwoPass(encoder, rate) ? [pass(1), pass(2)] : [pass(null)];
}

const quiet = [
  '-nostdin',
  '-hide_banner',
  '-y',
  '-v',
  'warning',
  '-progress',
  'pipe:1',
  '-stats_period',
  '1',
];

function maps(audio: AudioFacts | null, silent: boolean): string[] {
  return [
    '-map',
    // A capital V: a cover is no picture of the film, and not what was looked at.
    '0:V:0',
    ...(audio && !silent ? ['-map', '0:a:0'] : []),
    '-sn',
    '-dn',
    '-map_metadata',
    '0',
  ];
}

function filters(
  settings: TranscodeSettings,
  family: (typeof encoderFamilies)[number],
  { subtitles }: EncodePlaces,
  { video }: EncodeFacts,
): string[] {
  const { width, height } = fitBox(video, settings);
  const chain = [
    ...(width === video.width && height === video.height ? [] : [`scale=${width}:${height}:flags=bicubic`]),
    ...(subtitles === null ? [] : [`subtitles=${subtitles}`]),
    ...(settings.fps === undefined ? [] : [`fps=${settings.fps}`]),
    `format=${pixelFormat(settings, video)}`,
    ...(family === 'vaapi' ? ['format=nv12', 'hwupload'] : []),
  ];
  return ['-vf', chain.join(',')];
}

/** Every player shows 8 bits in 4:2:0; ten bits stay where the codec is made for them. */
function pixelFormat({ codec, encoder }: TranscodeSettings, { pixelFormat: source }: VideoFacts): string {
  const deep = /p10(le|be)$/.test(source) && codec !== 'h264' && encoder === 'software';
  return deep ? 'yuv420p10le' : 'yuv420p';
}

function audioArguments({ audio, container }: TranscodeSettings, facts: AudioFacts | null): string[] {
  if (!facts || audio.codec === 'none') return ['-an'];
  const bitrate = ['-b:a', String(audio.bitrate)];
  if (audio.codec === 'copy') return ['-c:a', 'copy'];
  if (audio.codec === 'opus') return ['-c:a', 'libopus', ...bitrate];
  if (audio.codec === 'auto' && holds[container].test(facts.codec)) return ['-c:a', 'copy'];
  return ['-c:a', 'aac', ...bitrate];
}

function ending(container: Container, output: string): string[] {
  return container === 'mp4'
    ? ['-movflags', '+faststart', '-f', 'mp4', `file:${output}`]
    : ['-f', 'matroska', `file:${output}`];
}
