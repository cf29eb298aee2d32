import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ConcludeContext,
  type Conclusion,
  ffmpegTool,
  plainFile,
  type TaskContext,
  type TaskExecutor,
  TaskFailure,
} from '@backlot/node/workload';
import { mediaTypes, names, RemuxParameters, type RemuxResult, transcodeFailure } from '../../contract.ts';
import { sourceArguments } from '../encode/arguments.ts';
import { followProgress } from '../encode/follow-progress.ts';
import { failureOfRun, requireFfmpeg, unreadable, wrongOutput } from '../media/failures.ts';
import { ask, concludeLimitMs, Unreadable } from '../media/look.ts';
import { scanFilm } from '../media/scan-film.ts';
import { proveCopy } from '../prove/prove-copy.ts';
import { judgeRemux, picturesFirst } from './judge-remux.ts';
import { remuxArguments } from './remux-arguments.ts';

const OUT = 'out';
const glimpseMs = 60_000;

/** `transcodes.remux`: the packets of every track as they are, in another container; each compared with the source's. */
export const remuxExecutor: TaskExecutor<RemuxParameters> = {
  parameters: RemuxParameters,

  async prepare(context) {
    const { parameters, workDir, inputsDir, capabilities } = context;
    requireFfmpeg(capabilities, ['ffprobe']);
    await rm(join(workDir, OUT), { recursive: true, force: true });
    await mkdir(join(workDir, OUT), { recursive: true });
    const argv = remuxArguments(parameters.container, {
      ffmpeg: ffmpegTool(capabilities, 'ffmpeg') ?? 'ffmpeg',
      source: join(inputsDir, names.source),
      output: join(workDir, OUT, names.video),
      hevc: (await pictureCodec(context)) === 'hevc',
    });
    return { argv, sandbox: { network: 'none' } };
  },

  watch: (context) => followProgress(context, { wholeMs: 0, phase: 'copying' }),

  concludeLimitMs,

  async conclude(context): Promise<Conclusion> {
    const { exit, parameters, offer, workDir, inputsDir } = context;
    if (exit.cause !== 'exited' || exit.code !== 0) {
      const log = await context.logTail('stderr');
      return { outcome: 'failed', failure: failureOfRun(exit, log, offer, parameters.container) };
    }
    try {
      const path = await plainFile(workDir, `${OUT}/${names.video}`);
      const source = await scanFilm(context, join(inputsDir, names.source), 'source');
      return await judge(context, source, path);
    } catch (error) {
      if (context.signal.aborted) throw error;
      if (error instanceof Unreadable) return unreadable(error);
      return wrongOutput(error instanceof Error ? error.message : 'it can’t be read', offer.attempt);
    }
  },
};

async function judge(
  context: ConcludeContext<RemuxParameters>,
  source: Awaited<ReturnType<typeof scanFilm>>,
  path: string,
): Promise<Conclusion> {
  const { parameters, offer } = context;
  try {
    const output = await scanFilm(context, path, 'output');
    const wrong = judgeRemux(source, output);
    if (wrong !== undefined) return wrongOutput(wrong, offer.attempt);
    const packets = picturesFirst(source.tracks).map((track) => track.packets);
    const filled = { source: source.places, output: output.places };
    const plan = { tracks: 'every', sound: true, packets, filled } as const;
    const copy = await proveCopy(context, join(context.inputsDir, names.source), path, plan);
    if ('wrong' in copy) return wrongOutput(copy.wrong, offer.attempt);
    const { size } = await stat(path);
    const { durationMs } = output;
    const result: RemuxResult = { tracks: [...output.tracks], size, durationMs, proof: copy.proof };
    const picture = output.tracks.find(({ kind }) => kind === 'video');
    return {
      outcome: 'ok',
      result,
      outputs: [
        {
          name: `${names.video}.${parameters.container}`,
          kind: 'film',
          path: `${OUT}/${names.video}`,
          mediaType: mediaTypes[parameters.container],
          meta: {
            width: picture?.width ?? 0,
            height: picture?.height ?? 0,
            frames: picture?.packets ?? 0,
            codec: picture?.codec ?? output.tracks[0]?.codec ?? '',
            seconds: output.durationMs / 1000,
          },
          ...(parameters.hold ? { hold: true as const } : {}),
        },
      ],
    };
  } catch (error) {
    if (context.signal.aborted) throw error;
    return wrongOutput(error instanceof Error ? error.message : 'it can’t be read', offer.attempt);
  }
}

/** Players want another mark on H.265 in mp4 than ffmpeg gives it. @throws TaskFailure when it is no film */
async function pictureCodec(context: TaskContext<unknown>): Promise<string> {
  const ffprobe = ffmpegTool(context.capabilities, 'ffprobe') ?? 'ffprobe';
  const argv = [
    ...[ffprobe, '-v', 'error', '-select_streams', 'v:0'],
    ...['-show_entries', 'stream=codec_name', '-of', 'csv=p=0'],
    ...sourceArguments(join(context.inputsDir, names.source)),
  ];
  try {
    return (await ask(context, argv, glimpseMs)).toString('latin1').trim().split(/\s/)[0] ?? '';
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    throw new TaskFailure(
      transcodeFailure('input', 'transcodes.unreadable', { detail: error.message }, { cause: 'source' }),
    );
  }
}
