import { access, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ConcludeContext,
  type Conclusion,
  ffmpegTool,
  type OutputFile,
  plainFile,
  type TaskContext,
  type TaskExecutor,
} from '@backlot/node/workload';
import { names, ThumbnailParameters, type ThumbnailResult, transcodeFailure } from '../../contract.ts';
import { launchPasses } from '../encode/launch-passes.ts';
import { failureOfRun, requireFfmpeg, wrongOutput } from '../media/failures.ts';
import { ask, Unreadable } from '../media/look.ts';
import { filmSpan } from './film-span.ts';
import { judgePicture } from './judge-picture.ts';
import { endings, pictureTypes, shotArguments } from './picture-arguments.ts';
import { readPlan, writePlan } from './picture-plan.ts';
import { timeIn } from './picture-times.ts';

const OUT = 'out';
const shotMs = 120_000;

/** `transcodes.thumbnail`: pictures of a film at some times, each decoded again before it counts. */
export const thumbnailExecutor: TaskExecutor<ThumbnailParameters> = {
  parameters: ThumbnailParameters,

  async prepare(context) {
    const { parameters, workDir, capabilities } = context;
    requireFfmpeg(capabilities, ['ffprobe']);
    const { durationMs } = await filmSpan(context);
    const times = parameters.at.map((text) => timeIn(text, durationMs));
    await rm(join(workDir, OUT), { recursive: true, force: true });
    await mkdir(join(workDir, OUT), { recursive: true });
    await writePlan(workDir, { times, timestamps: false });
    const passes = times.map((_, index) => shot(context, times, index, parameters.avoidBlack));
    return await launchPasses(passes, workDir, false);
  },

  async conclude(context): Promise<Conclusion> {
    const { exit, parameters, offer, workDir } = context;
    if (exit.cause !== 'exited' || exit.code !== 0) {
      return { outcome: 'failed', failure: failureOfRun(exit, await context.logTail('stderr'), offer) };
    }
    const { times } = await readPlan(workDir);
    const pictures: ThumbnailResult['pictures'] = [];
    const outputs: OutputFile[] = [];
    try {
      for (const [index, atMs] of times.entries()) {
        const file = fileOf(index, parameters.format);
        const path = await takenAnyway(context, times, index, file);
        if (path === undefined) continue;
        const { width, height, brightness } = await judgePicture(context, path, parameters.format);
        if (width > parameters.width) return wrongOutput(`a picture is ${width} wide`, offer.attempt);
        pictures.push({ name: file, atMs, width, height, brightness });
        const meta = { width, height, atMs };
        const mediaType = pictureTypes[parameters.format];
        outputs.push({ name: file, kind: 'thumbnail', path: `${OUT}/${file}`, mediaType, meta });
      }
    } catch (error) {
      if (context.signal.aborted || !(error instanceof Unreadable)) throw error;
      return wrongOutput(error.message, offer.attempt);
    }
    if (pictures.length === 0) {
      const detail = 'the film has no picture at these times';
      return { outcome: 'failed', failure: transcodeFailure('input', 'transcodes.no_pictures', { detail }) };
    }
    return { outcome: 'ok', outputs, result: { pictures } satisfies ThumbnailResult };
  },
};

function fileOf(index: number, format: ThumbnailParameters['format']): string {
  return `thumbnail-${String(index + 1).padStart(2, '0')}.${endings[format]}`;
}

function shot(
  { parameters, inputsDir, workDir, capabilities }: TaskContext<ThumbnailParameters>,
  times: readonly number[],
  index: number,
  bright: boolean,
): [string, ...string[]] {
  const { width, format } = parameters;
  return shotArguments({
    ffmpeg: ffmpegTool(capabilities, 'ffmpeg') ?? 'ffmpeg',
    source: join(inputsDir, names.source),
    output: join(workDir, OUT, fileOf(index, format)),
    atMs: times[index] ?? 0,
    width,
    format,
    bright,
  });
}

/** Where all is black, a black picture is better than none. */
async function takenAnyway(
  context: ConcludeContext<ThumbnailParameters>,
  times: readonly number[],
  index: number,
  file: string,
): Promise<string | undefined> {
  const { workDir, parameters } = context;
  const there = () =>
    access(join(workDir, OUT, file)).then(
      () => true,
      () => false,
    );
  if (!(await there()) && parameters.avoidBlack) {
    await ask(context, shot(context, times, index, false), shotMs).catch(() => undefined);
  }
  return (await there()) ? await plainFile(workDir, `${OUT}/${file}`) : undefined;
}
