import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import {
  type ConcludeContext,
  type Conclusion,
  ffmpegTool,
  NotAPlainFile,
  type OutputFile,
  plainFile,
  type TaskContext,
  type TaskExecutor,
  type WatchContext,
} from '@backlot/node/workload';
import {
  FramesParameters,
  type FramesResult,
  frameFile,
  mediaTypes,
  outputs,
  renderFailure,
} from '../../contract.ts';
import { blenderArguments, blenderEnvironment, scriptsDir } from '../blender/arguments.ts';
import { exchangeFiles, readProgress, readResult, writeRequest } from '../blender/exchange.ts';
import { type FrameFact, RenderOutcome } from '../blender/request.ts';
import { PROGRESS_INTERVAL_MS } from '../blender/watch-phases.ts';
import { classifyEnding } from '../failures/classify.ts';
import { logTail } from '../import/import-executor.ts';
import { MODEL_INPUTS } from '../model/place-model.ts';
import { pause } from '../pause.ts';
import { decodePicture, PictureUnreadable } from '../pictures/decode.ts';
import { judgePicture } from '../pictures/measure.ts';
import { publishPicture } from '../pictures/strip-metadata.ts';
import { blenderWith } from '../tools.ts';

/** Blender writes to `raw/`; a picture that was checked and cleaned is published to `out/` and never changes again. */
const RAW = 'raw';
const OUT = 'out';

/** Features of the Blender that these parameters need, its version among them. */
export function neededFeatures({ engine, blender }: Pick<FramesParameters, 'engine' | 'blender'>): string[] {
  const device = engine.engine === 'cycles' ? [`cycles-${engine.device}`] : [];
  return [`v${blender}`, engine.engine, ...device, ...(engine.denoise ? ['oidn'] : [])];
}

/**
 * `renders.frames`: some frames, one after another in one sandboxed Blender. Every picture is checked and committed as
 * soon as it is finished: a process that is killed loses the frame it was at, and an attempt that follows renders only
 * what is not there yet.
 */
export const framesExecutor: TaskExecutor<FramesParameters> = {
  parameters: FramesParameters,

  async prepare({ parameters, inputsDir, workDir, capabilities, offer }) {
    const files = exchangeFiles(workDir);
    await Promise.all([files.result, files.progress].map((file) => rm(file, { force: true })));
    await Promise.all([RAW, OUT].map((folder) => mkdir(join(workDir, folder), { recursive: true })));
    const { stage, engine } = parameters;
    const sources = join(inputsDir, MODEL_INPUTS);
    const request = await writeRequest(workDir, {
      mode: 'render',
      scene: join(inputsDir, outputs.scene.name),
      sources: existsSync(sources) ? sources : null,
      imported: parameters.format !== 'blend',
      stage,
      stillFrame: parameters.stillFrame,
      frames: openFrames(parameters, new Set(offer.committed)).map((number) => ({
        number,
        file: frameFile(number, parameters.picture),
      })),
      output: { folder: join(workDir, RAW), format: parameters.picture, depth: parameters.depth },
      engine: { ...engine, threads: threadsFor(offer.resources.cpu) },
    });
    return {
      argv: blenderArguments(blenderWith(capabilities, neededFeatures(parameters)), request),
      env: blenderEnvironment,
      sandbox: { readOnly: [scriptsDir], network: 'none', gpu: engine.device === 'gpu' },
    };
  },

  async watch(context) {
    const { parameters, signal } = context;
    const settled = new Set<number>();
    while (!signal.aborted) {
      const lines = await readProgress(context.workDir);
      for (const line of lines) {
        if (line.event !== 'frame' || settled.has(line.frame) || signal.aborted) continue;
        settled.add(line.frame);
        try {
          await commitFrame(context, line);
        } catch (error) {
          // The process has ended while a picture was being checked: `conclude` checks it again.
          if (signal.aborted) return;
          throw error;
        }
      }
      reportProgress(context, lines, settled);
      await pause(PROGRESS_INTERVAL_MS, signal);
      if (settled.size >= parameters.frames.length) return;
    }
  },

  async conclude(context) {
    const { parameters, workDir, committed } = context;
    const finished = (await readProgress(workDir)).filter((line) => line.event === 'frame');
    const fresh: OutputFile[] = [];
    let wrong: { frame: number; detail: string } | undefined;
    for (const fact of finished) {
      if (committed.has(frameFile(fact.frame, parameters.picture))) continue;
      const checked = await checkFrame(context, fact);
      if ('output' in checked) fresh.push(checked.output);
      else wrong ??= { frame: fact.frame, detail: checked.detail };
    }
    const outcome = await readResult(workDir, RenderOutcome);
    const result = summarise(finished, outcome?.outcome === 'ok' ? outcome.readySeconds : 0);
    const names = new Set([...committed, ...fresh.map((file) => file.name)]);
    const open = openFrames(parameters, names);
    if (open.length === 0) return { outcome: 'ok', outputs: fresh, result };
    return {
      outcome: 'failed',
      failure: await explain(context, open, wrong, outcome),
      outputs: fresh,
      result,
    };
  },
};

/** Frames of the task that have no committed picture, in the order to render. */
function openFrames(parameters: FramesParameters, committed: ReadonlySet<string>): number[] {
  return parameters.frames.filter((frame) => !committed.has(frameFile(frame, parameters.picture)));
}

/** Threads for the cores that were granted: a whole number, at least one, never more than there are. */
function threadsFor(cpu: number): number {
  return Math.max(1, Math.min(availableParallelism(), Math.ceil(cpu)));
}

async function commitFrame(context: WatchContext<FramesParameters>, fact: FrameFact): Promise<void> {
  if (context.committed.has(frameFile(fact.frame, context.parameters.picture))) return;
  const checked = await checkFrame(context, fact);
  if ('output' in checked) await context.commit([checked.output]);
  // What is wrong is looked at again when the process has ended, and fails the attempt then.
  else context.log.warn({ frame: fact.frame, detail: checked.detail }, 'a picture is wrong');
}

/**
 * Opens one finished picture, judges it, and publishes it without metadata. The name of the file is ours, whatever the
 * progress line says: the sandboxed process could have written anything there.
 */
async function checkFrame(
  context: TaskContext<FramesParameters>,
  fact: FrameFact,
): Promise<{ output: OutputFile } | { detail: string }> {
  const { parameters, workDir, run, signal, capabilities } = context;
  const { picture, stage, expect } = parameters;
  const name = frameFile(fact.frame, picture);
  if (!parameters.frames.includes(fact.frame)) return { detail: 'nobody asked for it' };
  try {
    const raw = await plainFile(workDir, `${RAW}/${name}`);
    const tools = { run, signal, ffmpeg: ffmpegTool(capabilities, 'ffmpeg') };
    const { size, stats } = await decodePicture(raw, picture, tools);
    const [width, height] = stage.resolution;
    const wrong = judgePicture(size, stats, { width, height, transparent: stage.transparent, ...expect });
    if (wrong !== undefined) return { detail: wrong };
    await publishPicture(raw, join(workDir, OUT, name), picture);
    return {
      output: {
        name,
        kind: outputs.frame.kind,
        path: `${OUT}/${name}`,
        mediaType: mediaTypes[picture],
        meta: { frame: fact.frame, seconds: fact.seconds, ...size, brightness: round(stats.mean) },
      },
    };
  } catch (error) {
    if (error instanceof PictureUnreadable || error instanceof NotAPlainFile)
      return { detail: error.message };
    throw error;
  }
}

function reportProgress(
  context: WatchContext<FramesParameters>,
  lines: Awaited<ReturnType<typeof readProgress>>,
  settled: ReadonlySet<number>,
): void {
  const begun = lines.filter((line) => line.event === 'begin').at(-1);
  const total = context.parameters.frames.length;
  const before = total - openFrames(context.parameters, context.committed).length;
  const done = Math.min(total, Math.max(before, settled.size));
  context.progress({
    fraction: done / total,
    detail: { done, total, ...(begun && !settled.has(begun.frame) ? { frame: begun.frame } : {}) },
  });
}

function summarise(finished: readonly FrameFact[], readySeconds: number): FramesResult {
  return { frames: finished.map(({ frame, seconds }) => ({ frame, seconds })), readySeconds };
}

async function explain(
  context: ConcludeContext<FramesParameters>,
  open: readonly number[],
  wrong: { frame: number; detail: string } | undefined,
  outcome: RenderOutcome | undefined,
): Promise<Extract<Conclusion, { outcome: 'failed' }>['failure']> {
  const { exit, offer, workDir, parameters } = context;
  const endedWell = exit.cause === 'exited' && exit.code === 0;
  if (wrong && endedWell)
    return renderFailure('output', 'renders.picture_wrong', wrong, { cause: wrong.detail });
  if (endedWell && outcome?.outcome === 'ok')
    return renderFailure('output', 'renders.picture_wrong', {
      frame: open[0] ?? 0,
      detail: 'it is not there',
    });
  const begun = (await readProgress(workDir)).filter((line) => line.event === 'begin').at(-1);
  return classifyEnding({
    mode: 'render',
    exit,
    named: exit.cause === 'exited' && outcome?.outcome === 'failed' ? outcome.failure : undefined,
    frame: begun?.frame ?? open[0],
    memory: offer.resources.memory,
    wallMs: offer.limits.wallMs ?? exit.usage.wallMs,
    logTail: await logTail(context),
    model: parameters.format,
  });
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
