import type { EncoderFamily, Preset, RateControl, VideoCodec } from '../../contract.ts';

/** ffmpeg's names of the encoders, which are also the features that nodes prove. VAAPI has no AV1 here. */
const encoders: Readonly<Record<EncoderFamily, Readonly<Record<VideoCodec, string | undefined>>>> = {
  software: { h264: 'libx264', h265: 'libx265', av1: 'libsvtav1' },
  nvenc: { h264: 'h264_nvenc', h265: 'hevc_nvenc', av1: 'av1_nvenc' },
  qsv: { h264: 'h264_qsv', h265: 'hevc_qsv', av1: 'av1_qsv' },
  vaapi: { h264: 'h264_vaapi', h265: 'hevc_vaapi', av1: undefined },
};

/** @throws RangeError for a codec that the family has not (the settings' schema lets none through). */
export function encoderOf(family: EncoderFamily, codec: VideoCodec): string {
  const name = encoders[family][codec];
  if (name === undefined) throw new RangeError(`${family} does not encode ${codec}.`);
  return name;
}

type Encoding = Exclude<RateControl, { mode: 'copy' }>;
type RateTable = (rate: Encoding) => string[];

const bits = (name: string, value: number) => [name, String(value)];
/** A second of the ceiling is tight, two are usual; for a constant rate it is one. */
const bufferOf = (rate: { readonly bufferBits?: number | undefined }, usual: number) =>
  bits('-bufsize', rate.bufferBits ?? usual);

/** A ceiling acts only with both, a rate and a buffer: one alone is ignored with a warning, or made to CBR. */
function ceiling(rate: Encoding): string[] {
  if (rate.mode === 'crf' && rate.maxBitrate !== undefined) {
    return [...bits('-maxrate', rate.maxBitrate), ...bufferOf(rate, 2 * rate.maxBitrate)];
  }
  if (rate.mode === 'vbr')
    return [...bits('-maxrate', rate.maxBitrate), ...bufferOf(rate, 2 * rate.maxBitrate)];
  return [];
}

/** Without a floor and padding a constant rate is only an average. */
const constant = (rate: Extract<Encoding, { mode: 'b' }>) => [
  ...bits('-b:v', rate.bitrate),
  ...bits('-minrate', rate.bitrate),
  ...bits('-maxrate', rate.bitrate),
  ...bufferOf(rate, rate.bitrate),
];

const x264: RateTable = (rate) => {
  switch (rate.mode) {
    case 'crf':
      return [...bits('-crf', rate.quality), ...ceiling(rate)];
    case 'cq':
      return bits('-qp', rate.quantiser);
    case 'b':
      return [...constant(rate), '-x264-params', 'nal-hrd=cbr'];
    case 'abr':
      return bits('-b:v', rate.bitrate);
    case 'vbr':
      return [...bits('-b:v', rate.bitrate), ...ceiling(rate)];
  }
};

/** `-x265-params` is given once, with whatever a pass adds: see `passArguments`. */
const x265: RateTable = (rate) => (rate.mode === 'b' ? constant(rate) : x264(rate));

const svtAv1: RateTable = (rate) => {
  if (rate.mode === 'b') throw new RangeError('SVT-AV1 has no constant bitrate.');
  return x264(rate);
};

/** Facts of ffmpeg's documentation; run only where a node has proved the encoder. */
const nvenc: RateTable = (rate) => {
  const twice = 'twoPass' in rate && rate.twoPass ? ['-multipass', 'fullres'] : [];
  switch (rate.mode) {
    case 'crf':
      return ['-rc', 'vbr', ...bits('-cq', rate.quality), '-b:v', '0', ...ceiling(rate)];
    case 'cq':
      return ['-rc', 'constqp', ...bits('-qp', rate.quantiser)];
    case 'b':
      return ['-rc', 'cbr', ...constant(rate)];
    default:
      return ['-rc', 'vbr', ...bits('-b:v', rate.bitrate), ...ceiling(rate), ...twice];
  }
};

const quickSync: RateTable = (rate) => {
  switch (rate.mode) {
    case 'crf':
      return [...bits('-global_quality', rate.quality), ...ceiling(rate)];
    case 'cq':
      return ['-flags:v', '+qscale', ...bits('-global_quality', rate.quantiser)];
    case 'b':
      return constant(rate);
    default:
      return [...bits('-b:v', rate.bitrate), ...ceiling(rate)];
  }
};

const vaapi: RateTable = (rate) => {
  switch (rate.mode) {
    case 'crf':
      return ['-rc_mode', 'ICQ', ...bits('-global_quality', rate.quality)];
    case 'cq':
      return ['-rc_mode', 'CQP', ...bits('-qp', rate.quantiser)];
    case 'b':
      return ['-rc_mode', 'CBR', ...constant(rate)];
    default:
      return ['-rc_mode', 'VBR', ...bits('-b:v', rate.bitrate), ...ceiling(rate)];
  }
};

function tableOf(encoder: string): RateTable {
  if (encoder === 'libx264') return x264;
  if (encoder === 'libx265') return x265;
  if (encoder === 'libsvtav1') return svtAv1;
  if (encoder.endsWith('_nvenc')) return nvenc;
  if (encoder.endsWith('_qsv')) return quickSync;
  return vaapi;
}

/** The arguments that make an encoder keep to a mode. Each mode's meaning is that of `RateControl`. */
export function rateArguments(encoder: string, rate: Encoding): string[] {
  return tableOf(encoder)(rate);
}

const order: readonly Preset[] = [
  'ultrafast',
  'superfast',
  'veryfast',
  'faster',
  'fast',
  'medium',
  'slow',
  'slower',
  'veryslow',
];

/** The preset in the words of an encoder; nothing where it has none. */
export function presetArguments(encoder: string, preset: Preset): string[] {
  const place = order.indexOf(preset);
  if (encoder === 'libx264' || encoder === 'libx265') return ['-preset', preset];
  if (encoder === 'libsvtav1') return ['-preset', String(12 - place)];
  if (encoder.endsWith('_nvenc')) return ['-preset', `p${1 + Math.round((place * 6) / 8)}`];
  if (encoder.endsWith('_qsv')) return ['-preset', order[Math.max(place, 2)] ?? 'medium'];
  return [];
}

/** The two passes of software encoders; hardware does it inside. `null` is a single pass. */
export function passArguments(
  encoder: string,
  rate: Encoding,
  pass: 1 | 2 | null,
  statsFile: string,
): string[] {
  if (encoder === 'libx264') return pass === null ? [] : ['-pass', String(pass), '-passlogfile', statsFile];
  if (encoder !== 'libx265') return [];
  const parameters = [
    'log-level=warning',
    ...(rate.mode === 'b' ? ['strict-cbr=1', 'hrd=1'] : []),
    ...(pass === null ? [] : [`pass=${pass}`, `stats=${statsFile}`]),
  ];
  return ['-x265-params', parameters.join(':')];
}

/** Whether this encoder needs a first look at the whole film for what is asked. */
export function isTwoPass(encoder: string, rate: RateControl): boolean {
  return /^libx26[45]$/.test(encoder) && 'twoPass' in rate && rate.twoPass;
}
