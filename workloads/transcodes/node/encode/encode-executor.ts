import { mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import {
  type ConcludeContext,
  type Conclusion,
  ffmpegTool,
  type Launch,
  plainFile,
  type TaskContext,
  type TaskExecutor,
  TaskFailure,
  type WatchContext,
} from '@backlot/node/workload';
import {
  EncodeParameters,
  type EncodeResult,
  MediaFacts,
  mediaTypes,
  names,
  transcodeFailure,
} from '../../contract.ts';
import { wrongOutput } from '../media/failures.ts';
import { judgeOutput } from '../media/judge-output.ts';
import { concludeLimitMs, lookAt, lookForOptions, Unreadable } from '../media/look.ts';
import { judgeMode, proofOf } from '../prove/option-string.ts';
import { proveCopy } from '../prove/prove-copy.ts';
import { copyPasses, type EncodePlaces, encodePasses } from './arguments.ts';
import { classifyEnding } from './classify-ending.ts';
import { encoderOf } from './encoders.ts';
import { followProgress } from './follow-progress.ts';
import { launchPasses } from './launch-passes.ts';
import { knowsFpsMode, lackingFeature, planAttempt } from './plan-attempt.ts';

const OUT = 'out';
const SOURCE_FACTS = 'source.json';

type Parameters = EncodeParameters;

/** `transcodes.encode`: a film becomes another one, which is compared with the first before it counts. */
export const encodeExecutor: TaskExecutor<Parameters> = {
  parameters: EncodeParameters,

  async prepare(context): Promise<Launch> {
    const { parameters, workDir, inputsDir, offer, capabilities } = context;
    const { settings } = parameters;
    const plan = planAttempt(settings, offer.attempt);
    const encoder = plan.family === null ? null : encoderOf(plan.family, settings.codec);
    const lacking = lackingFeature(capabilities, [...(encoder === null ? [] : [encoder]), 'ffprobe']);
    if (lacking !== undefined) {
      throw new TaskFailure(
        transcodeFailure('capability', 'transcodes.capability', { needs: lacking }, { cause: lacking }),
      );
    }
    const source = await lookAtSource(context);
    if (!source.video) throw new TaskFailure(transcodeFailure('input', 'transcodes.no_picture'));
    await rm(join(workDir, OUT), { recursive: true, force: true });
    await mkdir(join(workDir, OUT), { recursive: true });
    await writeFile(join(workDir, SOURCE_FACTS), JSON.stringify(source));
    const places: EncodePlaces = {
      ffmpeg: ffmpegTool(capabilities, 'ffmpeg') ?? 'ffmpeg',
      source: join(inputsDir, names.source),
      output: join(workDir, OUT, names.video),
      subtitles: await linkSubtitles(context),
      stats: 'pass',
    };
    const facts = {
      video: source.video,
      audio: source.audio,
      threads: Math.max(1, Math.min(availableParallelism(), Math.ceil(offer.resources.cpu))),
      fpsMode: knowsFpsMode(capabilities),
    };
    const passes =
      plan.family === null
        ? copyPasses(settings, places, facts)
        : encodePasses(settings, plan.family, places, facts);
    const gpu = plan.family !== null && plan.family !== 'software';
    return await launchPasses(passes, workDir, gpu);
  },

  async watch(context: WatchContext<Parameters>) {
    const source = await readSource(context);
    const whole = source?.video ? source.video.endMs - source.video.startMs : 0;
    const { settings } = context.parameters;
    const twoPass = 'twoPass' in settings.rate && settings.rate.twoPass;
    await followProgress(context, { wholeMs: twoPass ? 0 : whole, phase: 'encoding' });
  },

  concludeLimitMs,

  async conclude(context): Promise<Conclusion> {
    const { exit, parameters, offer } = context;
    const { settings } = parameters;
    const plan = planAttempt(settings, offer.attempt);
    if (exit.cause !== 'exited' || exit.code !== 0) {
      const log = await context.logTail('stderr');
      return { outcome: 'failed', failure: classifyEnding({ exit, log, settings, plan, offer }) };
    }
    try {
      const path = await plainFile(context.workDir, `${OUT}/${names.video}`);
      const source = (await readSource(context)) ?? (await lookAtSource(context));
      const output = await lookAt(context, path);
      const wrong = judgeOutput(settings, plan.how, source, output);
      if (wrong !== undefined) return wrongOutput(wrong, offer.attempt);
      const proof = await prove(context, plan.how, source, output, path);
      if ('wrong' in proof) return wrongOutput(proof.wrong, offer.attempt);
      const { size } = await stat(path);
      const seconds = ((output.video?.endMs ?? 0) - (output.video?.startMs ?? 0)) / 1000;
      const result: EncodeResult = {
        how: plan.how,
        encoder: plan.family === null ? null : encoderOf(plan.family, settings.codec),
        source,
        output,
        size,
        bitrate: seconds > 0 ? Math.round((size * 8) / seconds) : 0,
        speed: exit.usage.wallMs > 0 ? Math.round((seconds * 100_000) / exit.usage.wallMs) / 100 : 0,
        proof: proof.proof,
      };
      const name = `${names.video}.${settings.container}`;
      const mediaType = mediaTypes[settings.container];
      const hold = parameters.hold ? { hold: true as const } : {};
      const { width = 0, height = 0, frames = 0, codec = '' } = output.video ?? {};
      const meta = { width, height, frames, codec, seconds };
      return {
        outcome: 'ok',
        result,
        outputs: [{ name, kind: 'film', path: `${OUT}/${names.video}`, mediaType, meta, ...hold }],
      };
    } catch (error) {
      if (context.signal.aborted) throw error;
      const detail = error instanceof Error ? error.message.slice(0, 200) : 'it can’t be read';
      return wrongOutput(detail, offer.attempt);
    }
  },
};

/** That the stream was made in the mode that was asked for, or that a copy is one. */
async function prove(
  context: ConcludeContext<Parameters>,
  how: EncodeResult['how'],
  source: MediaFacts,
  output: MediaFacts,
  path: string,
): Promise<{ readonly proof: string | null } | { readonly wrong: string }> {
  const { settings } = context.parameters;
  const codec = output.video?.codec ?? '';
  if (how === 'remux' || settings.rate.mode === 'copy') {
    const sound = settings.audio.codec !== 'none' && source.audio !== null;
    const packets = [source.video?.frames ?? 0, ...(sound ? [source.audio?.packets ?? 0] : [])];
    return await proveCopy(context, join(context.inputsDir, names.source), path, {
      tracks: 'first',
      sound,
      packets,
    });
  }
  if (how === 'asked' && settings.encoder !== 'software') return { proof: null };
  const options = await lookForOptions(context, path, codec);
  // SVT-AV1 leaves no words.
  if (!options)
    return codec === 'av1'
      ? { proof: null }
      : { wrong: 'its encoder has left no options to prove the mode by' };
  const wrong = judgeMode(settings.rate, options);
  return wrong === undefined ? { proof: proofOf(options) } : { wrong };
}

async function lookAtSource(context: TaskContext<Parameters>): Promise<MediaFacts> {
  try {
    return await lookAt(context, join(context.inputsDir, names.source));
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    throw new TaskFailure(
      transcodeFailure('input', 'transcodes.unreadable', { detail: error.message }, { cause: 'source' }),
    );
  }
}

async function readSource(context: TaskContext<Parameters>): Promise<MediaFacts | undefined> {
  const text = await readFile(join(context.workDir, SOURCE_FACTS), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : MediaFacts.safeParse(JSON.parse(text)).data;
}

/** Under a name of ours in the work folder: the filter that reads it gives characters of a path meanings of its own. */
async function linkSubtitles({
  parameters,
  inputsDir,
  workDir,
}: TaskContext<Parameters>): Promise<string | null> {
  const { subtitles } = parameters;
  if (subtitles === null) return null;
  const name = `${names.subtitles}.${subtitles.split('.').at(-1)}`;
  await rm(join(workDir, name), { force: true });
  await symlink(join(inputsDir, subtitles), join(workDir, name));
  return name;
}
