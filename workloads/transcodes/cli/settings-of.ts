import { type CommandContext, UsageError } from '@backlot/cli/command';
import { z } from 'zod';
import {
  audioModes,
  containers,
  encoderFamilies,
  presets,
  type RateMode,
  rateModes,
  TranscodeSettings,
  type TranscodeSettingsInput,
  videoCodecs,
} from '../contract.ts';
import { words } from './words.ts';

/** A rate as people write it: `5000k`, `5M`, `800000`. Bits per second. */
export function readBitrate(text: string): number | undefined {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)([kM]?)$/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  return Math.round(Number(digits) * (unit === 'M' ? 1_000_000 : unit === 'k' ? 1_000 : 1));
}

const Rate = z.string().transform((text, context) => {
  const bits = readBitrate(text);
  if (bits !== undefined) return bits;
  context.addIssue({ code: 'custom', message: 'Write it as 5000k or 5M.' });
  return z.NEVER;
});

/** What can be typed after `backlot transcode`. */
export const TranscodeInput = z.object({
  file: z.string(),
  mode: z.enum(rateModes).default('crf'),
  quality: z.coerce.number().int().optional(),
  bitrate: Rate.optional(),
  maxBitrate: Rate.optional(),
  buffer: Rate.optional(),
  twoPass: z.boolean().optional(),
  codec: z.enum(videoCodecs).optional(),
  encoder: z.enum(encoderFamilies).optional(),
  preset: z.enum(presets).optional(),
  fit: z
    .string()
    .regex(/^\d{2,5}x\d{2,5}$/, 'Write it as 1280x720.')
    .optional(),
  fps: z.coerce.number().optional(),
  audio: z.enum(audioModes).optional(),
  audioBitrate: Rate.optional(),
  container: z.enum(containers).optional(),
  subtitles: z.string().optional(),
  name: z.string().optional(),
  project: z.string().optional(),
  out: z.string().optional(),
  detach: z.boolean().optional(),
  force: z.boolean().optional(),
  fallback: z.enum(['remux', 'fail']).optional(),
});
export type TranscodeInput = z.output<typeof TranscodeInput>;

type Say = CommandContext['say'];

/** Options that only some modes know, as they are typed, and which those are. */
const known = {
  quality: ['--quality', ['crf', 'cq']],
  bitrate: ['--bitrate', ['b', 'abr', 'vbr']],
  maxBitrate: ['--max-bitrate', ['crf', 'vbr']],
  buffer: ['--buffer', ['crf', 'b', 'vbr']],
  twoPass: ['--two-pass', ['abr', 'vbr']],
  codec: ['--codec', encoding()],
  encoder: ['--encoder', encoding()],
  preset: ['--preset', encoding()],
  fit: ['--fit', encoding()],
  fps: ['--fps', encoding()],
  audio: ['--audio', encoding()],
  audioBitrate: ['--audio-bitrate', encoding()],
  subtitles: ['--subtitles', encoding()],
} as const satisfies Partial<Record<keyof TranscodeInput, readonly [string, readonly RateMode[]]>>;

function encoding(): readonly RateMode[] {
  return rateModes.filter((mode) => mode !== 'copy');
}

/** @throws UsageError for an option that would do nothing: whoever types it expects that it does something */
function refuseForeign(input: TranscodeInput, say: Say): void {
  for (const [name, [flag, modes]] of Object.entries(known)) {
    const typed = input[name as keyof typeof known];
    if (typed === undefined || (modes as readonly RateMode[]).includes(input.mode)) continue;
    throw new UsageError(say(words.foreign, { flag, mode: input.mode, modes: modes.join(', ') }));
  }
}

/**
 * What was typed, as settings: left out stays left out, so that defaults have one home.
 * @throws UsageError when the mode lacks something or does not know it, or the settings don't go together
 */
export function settingsOf(input: TranscodeInput, say: Say): TranscodeSettings {
  refuseForeign(input, say);
  const [, width, height] = /^(\d+)x(\d+)$/.exec(input.fit ?? '') ?? [];
  const audio = {
    ...(input.audio ? { codec: input.audio } : {}),
    ...(input.audioBitrate === undefined ? {} : { bitrate: input.audioBitrate }),
  };
  const settings = TranscodeSettings.safeParse({
    rate: rateOf(input, say),
    ...(input.codec ? { codec: input.codec } : {}),
    ...(input.encoder ? { encoder: input.encoder } : {}),
    ...(input.preset ? { preset: input.preset } : {}),
    ...(width && height ? { width: Number(width), height: Number(height) } : {}),
    ...(input.fps === undefined ? {} : { fps: input.fps }),
    audio,
    ...(input.container ? { container: input.container } : {}),
    ...(input.fallback ? { fallback: input.fallback } : {}),
  } satisfies TranscodeSettingsInput);
  if (settings.success) return settings.data;
  throw new UsageError(
    settings.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'),
  );
}

function rateOf(input: TranscodeInput, say: Say): NonNullable<TranscodeSettingsInput['rate']> {
  const { mode, quality, bitrate, maxBitrate, buffer, twoPass } = input;
  const needed = (value: number | undefined, flag: string) => {
    if (value === undefined) throw new UsageError(say(words.needs, { mode, flag }));
    return value;
  };
  const bufferBits = buffer === undefined ? {} : { bufferBits: buffer };
  const passes = twoPass ? { twoPass } : {};
  switch (mode) {
    case 'copy':
      return { mode };
    case 'crf':
      return {
        mode,
        quality: quality ?? 23,
        ...(maxBitrate === undefined ? {} : { maxBitrate }),
        ...bufferBits,
      };
    case 'cq':
      return { mode, quantiser: quality ?? 23 };
    case 'b':
      return { mode, bitrate: needed(bitrate, '--bitrate'), ...bufferBits };
    case 'abr':
      return { mode, bitrate: needed(bitrate, '--bitrate'), ...passes };
    case 'vbr':
      return {
        mode,
        bitrate: needed(bitrate, '--bitrate'),
        maxBitrate: needed(maxBitrate, '--max-bitrate'),
        ...bufferBits,
        ...passes,
      };
  }
}
