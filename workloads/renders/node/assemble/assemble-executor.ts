import { mkdir, rm, symlink } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import {
  type ConcludeContext,
  type Conclusion,
  ffmpegTool,
  plainFile,
  type TaskExecutor,
  TaskFailure,
} from '@backlot/node/workload';
import {
  AssembleParameters,
  type AssembleResult,
  mediaTypes,
  outputs,
  renderFailure,
} from '../../contract.ts';
import { logTail } from '../import/import-executor.ts';
import { pause } from '../pause.ts';
import { decodePicture } from '../pictures/decode.ts';
import { assembleArguments } from './ffmpeg-arguments.ts';
import { FilmProbe, filmProbeArguments, judgeFilm, topBoxes } from './judge-film.ts';

const SEQUENCE = 'sequence';
const OUT = 'out';
const PROBE_TIMEOUT_MS = 300_000;
const PROGRESS_MS = 500;

/** Name of a picture in the sequence that ffmpeg reads: numbered from 1 without holes, whatever the frames are. */
function sequenceName(index: number, picture: AssembleParameters['picture']): string {
  const extension = picture === 'jpeg' ? 'jpg' : picture;
  return `${String(index + 1).padStart(6, '0')}.${extension}`;
}

/** `renders.assemble`: the pictures of a job become a contact sheet, and a film that every browser plays. */
export const assembleExecutor: TaskExecutor<AssembleParameters> = {
  parameters: AssembleParameters,

  async prepare({ parameters, inputsDir, workDir, capabilities, offer }) {
    const ffmpeg = ffmpegTool(capabilities, 'ffmpeg');
    if (ffmpeg === undefined) {
      const params = { needs: 'ffmpeg', detail: 'it is not installed' };
      throw new TaskFailure(renderFailure('capability', 'renders.capability', params));
    }
    await rm(join(workDir, SEQUENCE), { recursive: true, force: true });
    await mkdir(join(workDir, SEQUENCE), { recursive: true });
    await mkdir(join(workDir, OUT), { recursive: true });
    for (const [index, name] of parameters.pictures.entries()) {
      const link = join(workDir, SEQUENCE, sequenceName(index, parameters.picture));
      await symlink(join(inputsDir, name), link);
    }
    const extension = sequenceName(0, parameters.picture).split('.')[1];
    const files = {
      pattern: join(workDir, SEQUENCE, `%06d.${extension}`),
      film: join(workDir, OUT, outputs.film.name),
      sheet: join(workDir, OUT, outputs.sheet.name),
    };
    const threads = Math.max(1, Math.min(availableParallelism(), Math.ceil(offer.resources.cpu)));
    return {
      argv: assembleArguments(ffmpeg, parameters, files, threads),
      sandbox: { network: 'none' },
    };
  },

  async watch({ parameters, progress, signal }) {
    // ffmpeg counts in the log, and the log is for people. It takes seconds: that it runs is all there is to say.
    progress({ detail: { phase: 'assembling', pictures: parameters.pictures.length } });
    while (!signal.aborted) await pause(PROGRESS_MS, signal);
  },

  async conclude(context): Promise<Conclusion> {
    const { exit, parameters, workDir } = context;
    if (exit.cause !== 'exited' || exit.code !== 0)
      return { outcome: 'failed', failure: await describeEnding(context) };
    try {
      const film = parameters.film ? await checkFilm(context) : null;
      const path = await plainFile(workDir, `${OUT}/${outputs.sheet.name}`);
      const sheet = await decodePicture(path, 'png', { ...context, ffmpeg: undefined });
      const result: AssembleResult = { film, sheet: sheet.size };
      return {
        outcome: 'ok',
        result,
        outputs: [
          ...(film
            ? [
                {
                  ...outputs.film,
                  path: `${OUT}/${outputs.film.name}`,
                  mediaType: 'video/mp4',
                  meta: { ...film },
                },
              ]
            : []),
          {
            ...outputs.sheet,
            path: `${OUT}/${outputs.sheet.name}`,
            mediaType: mediaTypes.png,
            meta: { ...sheet.size },
          },
        ],
      };
    } catch (error) {
      if (context.signal.aborted) throw error;
      const detail = error instanceof Error ? error.message.slice(0, 300) : 'it can’t be read';
      const failure = renderFailure('output', 'renders.film_wrong', { detail }, { cause: detail });
      return { outcome: 'failed', failure };
    }
  },
};

/** Every frame of the film is decoded and counted. Throws with words for a sentence. */
async function checkFilm(
  context: ConcludeContext<AssembleParameters>,
): Promise<NonNullable<AssembleResult['film']>> {
  const { parameters, workDir, run, signal, capabilities } = context;
  const path = await plainFile(workDir, `${OUT}/${outputs.film.name}`);
  const ffprobe = ffmpegTool(capabilities, 'ffprobe') ?? 'ffprobe';
  const ended = await run(filmProbeArguments(ffprobe, path), { timeoutMs: PROBE_TIMEOUT_MS, signal });
  if (ended.code !== 0)
    throw new Error(`ffprobe can’t read it (${ended.stderr.toString('latin1').trim().slice(0, 200)})`);
  const probe = FilmProbe.parse(JSON.parse(ended.stdout.toString('utf8')));
  const [width, height] = parameters.resolution;
  const expected = { frames: parameters.pictures.length, width, height };
  const wrong = judgeFilm(probe, await topBoxes(path), expected);
  if (wrong !== undefined) throw new Error(wrong);
  const stream = probe.streams[0];
  return { ...expected, codec: stream?.codec_name ?? '', seconds: stream?.duration ?? 0 };
}

async function describeEnding(context: ConcludeContext<AssembleParameters>) {
  const { exit, offer } = context;
  const excerpt = await logTail(context);
  if (exit.cause === 'oom') {
    const limit = Math.round(offer.resources.memory / 1024 ** 2);
    return renderFailure('memory', 'renders.out_of_memory', { frame: outputs.film.name, limit }, { excerpt });
  }
  if (exit.cause === 'timeout' || exit.cause === 'silence') {
    const seconds = Math.round((offer.limits.wallMs ?? exit.usage.wallMs) / 1000);
    return renderFailure('stall', 'renders.stalled', { frame: outputs.film.name, seconds }, { excerpt });
  }
  if (exit.cause === 'spawn-failed')
    return renderFailure(
      'node',
      'renders.output_failed',
      { detail: 'ffmpeg could not be started' },
      { excerpt },
    );
  const detail = excerpt.split('\n').at(-1)?.slice(0, 300) || (exit.signal ?? `exit code ${exit.code}`);
  return renderFailure(
    'crash',
    'renders.ffmpeg_failed',
    { detail },
    { excerpt, cause: exit.signal ?? `${exit.code}` },
  );
}
