import type { HowMade, MediaFacts, TranscodeSettings } from '../../contract.ts';
import { fitBox } from '../encode/fit-box.ts';

/** How far sound may have moved against the picture. Milliseconds. */
const driftMs = 50;
/** Without its own time a frame more or less at each end is the encoder's business. */
const framesOff = 1;

const codecNames = { h264: 'h264', h265: 'hevc', av1: 'av1' } as const;

/**
 * What is wrong with a film that has come out, in words for a sentence; undefined when it is the one that went in.
 * It must be so before it replaces anything.
 */
export function judgeOutput(
  settings: TranscodeSettings,
  how: HowMade,
  source: MediaFacts,
  output: MediaFacts,
): string | undefined {
  if (!source.video) return 'the source has no picture';
  if (!output.video) return 'it has no picture';
  const copied = how === 'remux' || settings.rate.mode === 'copy';
  return (
    judgePicture(settings, copied, source.video, output.video) ??
    judgeSound(settings, copied, source.audio, output.audio) ??
    judgeDrift(source, output)
  );
}

function judgePicture(
  settings: TranscodeSettings,
  copied: boolean,
  source: NonNullable<MediaFacts['video']>,
  output: NonNullable<MediaFacts['video']>,
): string | undefined {
  const codec = copied ? source.codec : codecNames[settings.codec];
  if (output.codec !== codec) return `its picture is ${output.codec} and not ${codec}`;
  const size = copied ? source : fitBox(source, settings);
  if (output.width !== size.width || output.height !== size.height) {
    return `its picture is ${output.width}x${output.height} and not ${size.width}x${size.height}`;
  }
  const seconds = (source.endMs - source.startMs) / 1000;
  const expected = copied || settings.fps === undefined ? source.frames : Math.round(seconds * settings.fps);
  const off = copied ? 0 : settings.fps === undefined ? framesOff : 2 * framesOff;
  if (Math.abs(output.frames - expected) > off) return `it has ${output.frames} pictures of ${expected}`;
  return undefined;
}

function judgeSound(
  settings: TranscodeSettings,
  copied: boolean,
  source: MediaFacts['audio'],
  output: MediaFacts['audio'],
): string | undefined {
  if (!source || settings.audio.codec === 'none')
    return output ? 'it has sound that nobody asked for' : undefined;
  if (!output) return 'its sound is missing';
  if (copied && output.packets !== source.packets) {
    return `it has ${output.packets} packets of sound of ${source.packets}`;
  }
  const lost = source.endMs - source.startMs - (output.endMs - output.startMs);
  // Encoders pad the last packet, and the first one is silence that players skip.
  return Math.abs(lost) > 100
    ? `its sound is ${Math.round(Math.abs(lost))} ms ${lost > 0 ? 'shorter' : 'longer'}`
    : undefined;
}

function judgeDrift(source: MediaFacts, output: MediaFacts): string | undefined {
  if (!source.video || !source.audio || !output.video || !output.audio) return undefined;
  const before = source.audio.startMs - source.video.startMs;
  const after = output.audio.startMs - output.video.startMs;
  const drift = Math.abs(after - before);
  return drift > driftMs ? `its sound moved by ${Math.round(drift)} ms against the picture` : undefined;
}
