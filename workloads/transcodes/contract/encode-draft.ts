import type { TaskDraftInput } from '@backlot/contract';
import type { TranscodeSettings } from './settings.ts';
import { names, TRANSCODE_TASK, type TranscodeJob } from './tasks.ts';

const MiB = 1024 * 1024;
/** One attempt as asked, one in software, one that keeps the packets. */
const attempts = 3;
/**
 * Cores of an encode. It gets two threads for it, and a machine of two cores that also watches a channel, a hundredth of one
 * core, still takes it: two would wait there for ever.
 */
const encodeCores = 1.5;
/** ffmpeg reports every second; a source that takes so long for one picture is stuck. */
const silenceMs = 10 * 60_000;

/** The task that makes another film, for a job of its own and for a step of a flow. Pure. */
export function encodeDraft({ source, subtitles, settings }: TranscodeJob, hold = false): TaskDraftInput {
  return {
    key: 'encode',
    kind: TRANSCODE_TASK,
    parameters: { settings, subtitles: subtitles?.name ?? null, hold },
    inputs: [{ ...source, name: names.source }, ...(subtitles ? [subtitles] : [])],
    constraints: { capabilities: [{ name: 'ffmpeg', features: featuresOf(settings) }] },
    resources: {
      cpu: settings.rate.mode === 'copy' ? 1 : encodeCores,
      memory: memoryOf(settings),
      disk: diskFor(source.size),
      gpus: settings.encoder === 'nvenc' ? [{ vram: 512 * MiB, encoderSessions: 1 }] : [],
    },
    retry: { maxAttempts: attempts, backoffMs: 1_000, maxBackoffMs: 30_000 },
    limits: { silenceMs, stopGraceMs: 5_000 },
  };
}

/** The film that comes out is seldom larger than the one that goes in; remuxing needs room for the index. Bytes. */
export function diskFor(size: number): number {
  return Math.ceil(size * 1.5) + 256 * MiB;
}

/** Encoders are the names by which ffmpeg's probe has proved them. */
function featuresOf({ rate, codec, encoder, audio }: TranscodeSettings): string[] {
  const software = { h264: 'libx264', h265: 'libx265', av1: 'libsvtav1' }[codec];
  const hardware = { h264: 'h264', h265: 'hevc', av1: 'av1' }[codec];
  return [
    'ffprobe',
    ...(rate.mode === 'copy' ? [] : [encoder === 'software' ? software : `${hardware}_${encoder}`]),
    ...(rate.mode === 'copy'
      ? []
      : audio.codec === 'opus'
        ? ['libopus']
        : audio.codec === 'none'
          ? []
          : ['aac']),
  ];
}

/** Measured: x264 medium at 1080p takes 0.6 GiB, x265 and SVT-AV1 twice that. More is given when it was too little. */
function memoryOf({ rate, codec }: TranscodeSettings): number {
  if (rate.mode === 'copy') return 256 * MiB;
  return codec === 'h264' ? 1024 * MiB : 2048 * MiB;
}
