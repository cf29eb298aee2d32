import { join } from 'node:path';
import { ffmpegTool, type TaskContext, TaskFailure } from '@backlot/node/workload';
import { z } from 'zod';
import { names, transcodeFailure } from '../../contract.ts';
import { sourceArguments } from '../encode/arguments.ts';
import { ask, Unreadable } from '../media/look.ts';
import { scanFilm } from '../media/scan-film.ts';

/** How long a film is, and how large its picture. */
export interface FilmSpan {
  readonly durationMs: number;
  readonly width: number;
  readonly height: number;
}

const glimpseMs = 60_000;
/** The index of these is the film: what it says of the length is what will be found. Others promise it in a header. */
const indexed = /\b(mov|mp4)\b/;

const Answer = z.object({
  format: z.object({ format_name: z.string().default(''), duration: z.coerce.number().optional() }),
  streams: z
    .array(z.object({ width: z.number().int().default(0), height: z.number().int().default(0) }))
    .default([]),
});

/** @throws TaskFailure when the source is no film, or has no picture */
export async function filmSpan(context: TaskContext<unknown>): Promise<FilmSpan> {
  const source = join(context.inputsDir, names.source);
  try {
    const ffprobe = ffmpegTool(context.capabilities, 'ffprobe') ?? 'ffprobe';
    const argv = [
      ...[ffprobe, '-v', 'error', '-select_streams', 'V:0', '-of', 'json'],
      ...['-show_entries', 'format=format_name,duration:stream=width,height'],
      ...sourceArguments(source),
    ];
    const { format, streams } = Answer.parse(
      JSON.parse((await ask(context, argv, glimpseMs)).toString('utf8')),
    );
    const [picture] = streams;
    if (!picture) throw new TaskFailure(transcodeFailure('input', 'transcodes.no_picture'));
    const told = indexed.test(format.format_name) ? format.duration : undefined;
    const durationMs =
      told !== undefined && told > 0 ? told * 1000 : (await scanFilm(context, source, 'span')).durationMs;
    return { durationMs, width: picture.width, height: picture.height };
  } catch (error) {
    if (error instanceof TaskFailure || context.signal.aborted) throw error;
    const detail = error instanceof Unreadable ? error.message : 'ffprobe said nothing of use';
    throw new TaskFailure(
      transcodeFailure('input', 'transcodes.unreadable', { detail }, { cause: 'source' }),
    );
  }
}
