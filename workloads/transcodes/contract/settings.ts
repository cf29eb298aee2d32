import { z } from 'zod';

/** Bits per second. */
const Bitrate = z.number().int().min(16_000).max(400_000_000);
/** Bits that the decoder's buffer holds (VBV); how far the rate may swing. */
const BufferBits = z.number().int().min(16_000).max(1_600_000_000);
/** x264 and x265 end at 51, AV1 at 63; the encoder's own end is checked with the codec. */
const Quantiser = z.number().int().min(0).max(63);

/** What decides how many bits a picture gets. */
export const rateModes = ['copy', 'crf', 'cq', 'b', 'abr', 'vbr'] as const;
export type RateMode = (typeof rateModes)[number];

/**
 * The six modes.
 *
 * copy  the packets as they are, in another container; nothing is encoded
 * crf   constant perceived quality; with `maxBitrate` also capped
 * cq    constant quantiser: simpler than crf and larger for the same look; 0 is lossless with H.264
 * b     constant bitrate, padded, for channels of a fixed width
 * abr   an average over the whole file; two passes hit it best
 * vbr   an average with a ceiling over every stretch of the buffer
 */
export const RateControl = z.discriminatedUnion('mode', [
  z.object({ mode: z.literal('copy') }),
  z.object({
    mode: z.literal('crf'),
    quality: Quantiser,
    maxBitrate: Bitrate.optional(),
    bufferBits: BufferBits.optional(),
  }),
  z.object({ mode: z.literal('cq'), quantiser: Quantiser }),
  z.object({ mode: z.literal('b'), bitrate: Bitrate, bufferBits: BufferBits.optional() }),
  z.object({ mode: z.literal('abr'), bitrate: Bitrate, twoPass: z.boolean().default(false) }),
  z.object({
    mode: z.literal('vbr'),
    bitrate: Bitrate,
    maxBitrate: Bitrate,
    bufferBits: BufferBits.optional(),
    twoPass: z.boolean().default(false),
  }),
]);
export type RateControl = z.infer<typeof RateControl>;

export const videoCodecs = ['h264', 'h265', 'av1'] as const;
export type VideoCodec = (typeof videoCodecs)[number];

/** Who encodes. Hardware only where a node has proved it by encoding a frame. */
export const encoderFamilies = ['software', 'nvenc', 'qsv', 'vaapi'] as const;
export type EncoderFamily = (typeof encoderFamilies)[number];

/** From quickest and largest to slowest and smallest, in x264's words; other encoders take the nearest of theirs. */
export const presets = [
  'ultrafast',
  'superfast',
  'veryfast',
  'faster',
  'fast',
  'medium',
  'slow',
  'slower',
  'veryslow',
] as const;
export type Preset = (typeof presets)[number];

export const containers = ['mp4', 'mkv'] as const;
export type Container = (typeof containers)[number];
export const mediaTypes: Readonly<Record<Container, string>> = { mp4: 'video/mp4', mkv: 'video/x-matroska' };

export const audioModes = ['auto', 'copy', 'aac', 'opus', 'none'] as const;

/** What is to come out. */
export const TranscodeSettings = z
  .object({
    rate: RateControl.default({ mode: 'crf', quality: 23 }),
    codec: z.enum(videoCodecs).default('h264'),
    encoder: z.enum(encoderFamilies).default('software'),
    preset: z.enum(presets).default('medium'),
    /** The picture is made to fit into this box, its shape kept, never enlarged. Pixels. */
    width: z.number().int().min(16).max(16_384).optional(),
    height: z.number().int().min(16).max(16_384).optional(),
    /** Frames per second; left out keeps every frame of the source and its time. */
    fps: z.number().min(1).max(240).optional(),
    audio: z
      .object({
        /** `auto` copies what the container can hold and makes AAC of everything else. */
        codec: z.enum(audioModes).default('auto'),
        bitrate: Bitrate.default(160_000),
      })
      .prefault({}),
    container: z.enum(containers).default('mp4'),
    /** What the last attempt does when encoding fails: the packets as they are, or nothing. */
    fallback: z.enum(['remux', 'fail']).default('remux'),
  })
  .superRefine((settings, context) => {
    const { rate, codec, width, height, fps } = settings;
    const say = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (rate.mode === 'copy' && (width !== undefined || height !== undefined || fps !== undefined)) {
      say(
        ['rate', 'mode'],
        'copy keeps the packets: leave out width, height and fps, or choose another mode.',
      );
    }
    const end = codec === 'av1' ? 63 : 51;
    const quantiser = rate.mode === 'crf' ? rate.quality : rate.mode === 'cq' ? rate.quantiser : 0;
    if (quantiser > end) say(['rate'], `The worst quality of ${codec} is ${end}.`);
    if (rate.mode === 'vbr' && rate.maxBitrate < rate.bitrate) {
      say(['rate', 'maxBitrate'], 'The highest bitrate is below the average.');
    }
    if (settings.encoder === 'vaapi' && codec === 'av1')
      say(['encoder'], 'VAAPI encodes h264 and h265 here.');
    if (codec === 'av1' && 'twoPass' in rate && rate.twoPass && settings.encoder === 'software') {
      say(['rate', 'twoPass'], 'The AV1 encoder works in one pass.');
    }
    if (codec === 'av1' && rate.mode === 'b') {
      say(['rate', 'mode'], 'AV1 has no padding to a constant bitrate: choose vbr with a close maxBitrate.');
    }
  });
export type TranscodeSettings = z.infer<typeof TranscodeSettings>;
export type TranscodeSettingsInput = z.input<typeof TranscodeSettings>;
