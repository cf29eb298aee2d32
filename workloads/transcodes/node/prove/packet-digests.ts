import { join } from 'node:path';
import { ffmpegTool } from '@backlot/node/workload';
import { z } from 'zod';
import { sourceArguments } from '../encode/arguments.ts';
import { ask, type LookContext, Unreadable, wholeReadMs } from '../media/look.ts';
import { framingOf, type TrackForm } from './packet-form.ts';

const glimpseMs = 60_000;
const mostTracks = 64;

/** A track of a film that is copied. */
export interface CopiedTrack extends TrackForm {
  /** Its place in the file. */
  readonly index: number;
  readonly kind: 'video' | 'audio';
}

/** A track, and the filter that brings its packets to the form in which they are compared. */
export interface ListedTrack {
  readonly index: number;
  readonly filter: string | undefined;
  /** The file that gets a line for every packet. */
  readonly list: string;
}

const Streams = z.object({
  format: z.object({ format_name: z.string().default('') }),
  streams: z
    .array(
      z.object({
        index: z.number().int(),
        codec_type: z.string().optional(),
        codec_name: z.string().optional(),
        is_avc: z.string().optional(),
        disposition: z.object({ attached_pic: z.number().optional() }).optional(),
      }),
    )
    .default([]),
});

/** The tracks of a film as copies have them: pictures, then sound, and no covers. @throws Unreadable */
export async function copiedTracks(context: LookContext, path: string): Promise<CopiedTrack[]> {
  const ffprobe = ffmpegTool(context.capabilities, 'ffprobe') ?? 'ffprobe';
  const entries =
    'format=format_name:stream=index,codec_type,codec_name,is_avc:stream_disposition=attached_pic';
  const argv = [
    ffprobe,
    ...['-v', 'error', '-show_entries', entries, '-of', 'json'],
    ...sourceArguments(path),
  ];
  const text = await ask(context, argv, glimpseMs);
  try {
    return readCopiedTracks(text.toString('utf8'));
  } catch {
    throw new Unreadable('ffprobe said nothing of use');
  }
}

/** Exported for tests. @throws z.ZodError, SyntaxError */
export function readCopiedTracks(json: string): CopiedTrack[] {
  const { format, streams } = Streams.parse(JSON.parse(json));
  const ofKind = (kind: 'video' | 'audio') =>
    streams
      .filter(({ codec_type, disposition }) => codec_type === kind && disposition?.attached_pic !== 1)
      .map(({ index, codec_name = 'unknown', is_avc }) => ({
        index,
        kind,
        codec: codec_name,
        framing: framingOf(format.format_name, is_avc),
      }));
  return [...ofKind('video'), ...ofKind('audio')].slice(0, mostTracks);
}

/**
 * Arguments of ffmpeg that write the SHA-256 of every packet of several tracks, in the order of the file, into a list for
 * each. The film is read once, whatever the number of tracks; nothing is decoded. Lists are files because those of a
 * long film are too long for memory.
 */
export function digestArguments(ffmpeg: string, path: string, tracks: readonly ListedTrack[]): string[] {
  return [
    ...[ffmpeg, '-nostdin', '-y', '-v', 'error'],
    ...sourceArguments(path),
    ...tracks.flatMap(({ index, filter, list }) => [
      // ffmpeg passes over the pictures before the first keyframe when it copies; they are to be seen if a file has them.
      ...['-map', `0:${index}`, '-c', 'copy', '-copyinkf'],
      ...(filter === undefined ? [] : ['-bsf', filter]),
      ...['-f', 'framehash', '-hash', 'sha256', `file:${list}`],
    ]),
  ];
}

/** Lists the digests of some tracks in files of the work folder. @throws Unreadable */
export async function listDigests(
  context: LookContext,
  path: string,
  tracks: readonly ListedTrack[],
): Promise<void> {
  if (tracks.length === 0) return;
  const ffmpeg = ffmpegTool(context.capabilities, 'ffmpeg') ?? 'ffmpeg';
  await ask(context, digestArguments(ffmpeg, path, tracks), await wholeReadMs(path));
}

/** Where the list of a track is while two films are compared. */
export function listFile(workDir: string, label: string, track: number): string {
  return join(workDir, `${label}-${track}.digests`);
}
