/** One encoder to try, by a picture or a moment of sound that is encoded and decoded again. */
export interface EncoderTrial {
  /** ffmpeg's name of the encoder; the capability's feature. */
  readonly encoder: string;
  /** Container that can hold it; also the ending of the trial's file. */
  readonly container: string;
  /** Before the input: opens a device. */
  readonly device?: readonly string[];
  /** Between input and encoder. */
  readonly filter?: string;
  readonly options?: readonly string[];
}

/** The test source is RGB; nearly every film is 4:2:0. */
const planar = { filter: 'format=yuv420p' } as const;
const vaapi = { device: ['-vaapi_device', '/dev/dri/renderD128'], filter: 'format=nv12,hwupload' } as const;
const quickSync = { filter: 'format=nv12' } as const;

/**
 * Encoders that workloads ask for. A list of ffmpeg says only what was compiled in: hardware encoders are listed on
 * machines without the hardware, and software ones can lack a library. So each is tried.
 */
export const videoTrials: readonly EncoderTrial[] = [
  { encoder: 'libx264', container: 'mp4', ...planar },
  { encoder: 'libx265', container: 'mp4', ...planar, options: ['-x265-params', 'log-level=error'] },
  { encoder: 'libsvtav1', container: 'mp4', ...planar, options: ['-preset', '12'] },
  { encoder: 'libvpx-vp9', container: 'webm', ...planar, options: ['-deadline', 'realtime'] },
  { encoder: 'prores_ks', container: 'mov', filter: 'format=yuv422p10le' },
  { encoder: 'ffv1', container: 'mkv', ...planar },
  { encoder: 'mjpeg', container: 'avi', filter: 'format=yuvj420p' },
  { encoder: 'h264_nvenc', container: 'mp4', ...planar },
  { encoder: 'hevc_nvenc', container: 'mp4', ...planar },
  { encoder: 'av1_nvenc', container: 'mp4', ...planar },
  { encoder: 'h264_qsv', container: 'mp4', ...quickSync },
  { encoder: 'hevc_qsv', container: 'mp4', ...quickSync },
  { encoder: 'av1_qsv', container: 'mp4', ...quickSync },
  { encoder: 'h264_vaapi', container: 'mp4', ...vaapi },
  { encoder: 'hevc_vaapi', container: 'mp4', ...vaapi },
  { encoder: 'h264_amf', container: 'mp4', ...planar },
  { encoder: 'hevc_amf', container: 'mp4', ...planar },
  { encoder: 'h264_videotoolbox', container: 'mp4', ...planar },
  { encoder: 'hevc_videotoolbox', container: 'mp4', ...planar },
];
export const audioTrials: readonly EncoderTrial[] = [
  { encoder: 'aac', container: 'mp4' },
  { encoder: 'libopus', container: 'ogg' },
  { encoder: 'libmp3lame', container: 'mp3' },
  { encoder: 'flac', container: 'flac' },
];

/** Decoders worth telling about; a build has hundreds. They are as the build lists them, not tried one by one. */
export const decodersOfInterest: ReadonlySet<string> = new Set(
  (
    'h264 hevc av1 libdav1d vp8 vp9 mpeg2video mpeg4 prores ffv1 mjpeg png exr flv aac mp3 mp3float opus flac ac3 ' +
    'pcm_s16le h264_cuvid hevc_cuvid av1_cuvid'
  ).split(' '),
);

const quiet = ['-hide_banner', '-nostdin', '-loglevel', 'error', '-y'] as const;
/** Large enough for every hardware encoder's smallest picture. */
const picture = 'testsrc2=size=320x192:rate=25:duration=0.2';
const sound = 'sine=frequency=440:sample_rate=48000:duration=0.3';

/** Arguments that encode one frame (or a moment of sound) with an encoder. */
export function encodeArguments(trial: EncoderTrial, kind: 'video' | 'audio', file: string): string[] {
  const codec = kind === 'video' ? ['-frames:v', '1', '-c:v', trial.encoder] : ['-c:a', trial.encoder];
  return [
    ...quiet,
    ...(trial.device ?? []),
    ...['-f', 'lavfi', '-i', kind === 'video' ? picture : sound],
    ...(trial.filter ? ['-vf', trial.filter] : []),
    ...codec,
    ...(trial.options ?? []),
    file,
  ];
}

/** Arguments that decode a file to its end and fail at the first fault. */
export function decodeArguments(file: string): string[] {
  return [...quiet, '-xerror', '-i', file, '-f', 'null', '-'];
}

/** Names of the encoders or decoders that a build has (`ffmpeg -encoders`): flags, a name, a description on each line. */
export function parseCodecList(output: string): string[] {
  const [, list = ''] = output.split(/^ -+$/m);
  return list
    .split('\n')
    .map((line) => /^ [VAS][A-Z.]{5} (\S+)/.exec(line)?.[1])
    .filter((name) => name !== undefined);
}

/** Version from the first line of `ffmpeg -version`: `5.1.6-0+deb12u1` is 5.1.6, a nightly build `N-1234-gabc` none. */
export function parseVersion(output: string): string | undefined {
  return /^ffmpeg version n?(\d+(?:\.\d+)+)/m.exec(output)?.[1];
}

/** Short words for families, which tasks may ask for when the codec does not matter to them. */
export function familiesOf(encoders: readonly string[]): string[] {
  const families: [string, RegExp][] = [
    ['x264', /^libx264$/],
    ['x265', /^libx265$/],
    ['nvenc', /_nvenc$/],
    ['qsv', /_qsv$/],
    ['vaapi', /_vaapi$/],
    ['amf', /_amf$/],
    ['videotoolbox', /_videotoolbox$/],
  ];
  return families
    .filter(([, pattern]) => encoders.some((name) => pattern.test(name)))
    .map(([family]) => family);
}
