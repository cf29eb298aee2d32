import { mkdir, readFile, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, relative, sep } from 'node:path';
import {
  type ConcludeContext,
  type Conclusion,
  ffmpegTool,
  type OutputFile,
  plainFile,
  type TaskExecutor,
} from '@backlot/node/workload';
import { z } from 'zod';
import {
  ImportParameters,
  type ImportResult,
  type MissingFile,
  outputs,
  renderFailure,
} from '../../contract.ts';
import { blenderArguments, blenderEnvironment, scriptsDir } from '../blender/arguments.ts';
import { exchangeFiles, readResult, writeRequest } from '../blender/exchange.ts';
import { ImportOutcome } from '../blender/request.ts';
import { watchPhases } from '../blender/watch-phases.ts';
import { classifyEnding, listNames } from '../failures/classify.ts';
import { placeModel } from '../model/place-model.ts';
import { decodePicture, PictureUnreadable } from '../pictures/decode.ts';
import { publishPicture } from '../pictures/strip-metadata.ts';
import { blenderWith } from '../tools.ts';

/** More faces than this are refused: the import itself would take minutes and tens of gigabytes. */
const POLYGON_LIMIT = 20_000_000;
/** Longest side of the preview, and what it may cost. */
const PREVIEW_SIDE = 480;
const PREVIEW_SAMPLES = 128;
const PREVIEW_SECONDS = 2.5;

/** Folder below `work/` for what Blender writes; what is checked is published from there to `out/`. */
const FILES = { raw: 'raw', out: 'out', scratch: 'scratch' } as const;

/** Proportions of the render, at the preview's size. */
export function previewSize([width, height]: readonly [number, number]): [number, number] {
  const scale = Math.min(1, PREVIEW_SIDE / Math.max(width, height));
  return [Math.max(16, Math.round(width * scale)), Math.max(16, Math.round(height * scale))];
}

/** `renders.import`: one sandboxed Blender that reads the model, judges it, and leaves a scene that stands alone. */
export const importExecutor: TaskExecutor<ImportParameters> = {
  parameters: ImportParameters,

  async prepare({ parameters, inputsDir, workDir, capabilities, offer, signal }) {
    // A second attempt in the same folder begins from nothing.
    await rm(join(workDir, 'unpacked'), { recursive: true, force: true });
    const model = await placeModel(parameters.main, { inputsDir, workDir }, signal);
    const binary = blenderWith(capabilities, [model.format, 'cycles', ...parameters.features]);
    const files = exchangeFiles(workDir);
    await Promise.all([files.result, files.progress].map((file) => rm(file, { force: true })));
    await rm(join(workDir, FILES.scratch), { recursive: true, force: true });
    await Promise.all(
      Object.values(FILES).map((folder) => mkdir(join(workDir, folder), { recursive: true })),
    );
    const request = await writeRequest(workDir, {
      mode: 'import',
      model: { path: model.path, format: model.format, folder: model.folder },
      upAxis: parameters.upAxis,
      stage: { ...parameters.stage, animation: null },
      limits: { polygons: POLYGON_LIMIT },
      threads: Math.max(1, Math.min(availableParallelism(), Math.ceil(offer.resources.cpu))),
      outputs: {
        scene: join(workDir, FILES.out, outputs.scene.name),
        preview: join(workDir, FILES.raw, outputs.preview.name),
        scratch: join(workDir, FILES.scratch),
      },
      preview: {
        resolution: previewSize(parameters.stage.resolution),
        samples: PREVIEW_SAMPLES,
        seconds: PREVIEW_SECONDS,
      },
    });
    return {
      argv: blenderArguments(binary, request),
      env: blenderEnvironment,
      sandbox: { readOnly: [scriptsDir], network: 'none' },
    };
  },

  watch: watchPhases({ reading: 0.1, measuring: 0.35, preview: 0.5, saving: 0.9 }),

  async conclude(context): Promise<Conclusion> {
    const { exit, workDir, parameters } = context;
    const outcome = await readResult(workDir, ImportOutcome);
    if (exit.cause !== 'exited' || exit.code !== 0 || outcome?.outcome !== 'ok') {
      const named = exit.cause === 'exited' && outcome?.outcome === 'failed' ? outcome.failure : undefined;
      return { outcome: 'failed', failure: await describeEnding(context, named) };
    }
    return judge(context, outcome, parameters);
  },
};

async function describeEnding(
  context: ConcludeContext<ImportParameters>,
  named: Parameters<typeof classifyEnding>[0]['named'],
) {
  const { offer, exit, parameters } = context;
  return classifyEnding({
    mode: 'import',
    exit,
    named,
    frame: undefined,
    memory: offer.resources.memory,
    wallMs: offer.limits.wallMs ?? exit.usage.wallMs,
    logTail: await logTail(context),
    model: parameters.main,
  });
}

/** Both streams: Blender writes errors to either. */
export async function logTail(context: Pick<ConcludeContext<unknown>, 'logTail'>): Promise<string> {
  const [out, error] = await Promise.all([
    context.logTail('stdout', 2_000),
    context.logTail('stderr', 2_000),
  ]);
  return `${out}\n${error}`.trim();
}

/** Everything that the script claims is opened before it counts. */
async function judge(
  context: ConcludeContext<ImportParameters>,
  outcome: Extract<ImportOutcome, { outcome: 'ok' }>,
  parameters: ImportParameters,
): Promise<Conclusion> {
  const { workDir, run, signal, capabilities } = context;
  const [width, height] = previewSize(parameters.stage.resolution);
  let decoded: Awaited<ReturnType<typeof decodePicture>>;
  try {
    const raw = await plainFile(workDir, `${FILES.raw}/${outputs.preview.name}`);
    await plainFile(workDir, `${FILES.out}/${outputs.scene.name}`);
    decoded = await decodePicture(raw, 'png', { run, signal, ffmpeg: ffmpegTool(capabilities, 'ffmpeg') });
    if (decoded.size.width !== width || decoded.size.height !== height || decoded.stats.coverage === 0)
      throw new PictureUnreadable('it is empty or has another size');
    await publishPicture(raw, join(workDir, FILES.out, outputs.preview.name), 'png');
  } catch (error) {
    const detail = error instanceof Error ? error.message : 'it is missing';
    const params = { frame: 'preview', detail };
    return { outcome: 'failed', failure: renderFailure('output', 'renders.picture_wrong', params) };
  }
  const main = await chosenMain(workDir, parameters.main);
  const facts = { ...outcome.facts, main, magenta: decoded.stats.magenta };
  const result: ImportResult = { facts, seconds: outcome.seconds };
  const missing = facts.missing;
  if (missing.length > 0 && !parameters.acceptMissing) {
    // The preview shows what is missing in magenta; it has a name of its own, so that the complete one can follow.
    const preview = previewOutput('preview-incomplete.png', decoded.size);
    return { outcome: 'failed', failure: missingFailure(missing), outputs: [preview], result };
  }
  const scene: OutputFile = {
    ...outputs.scene,
    path: `${FILES.out}/${outputs.scene.name}`,
    mediaType: 'application/x-blender',
  };
  return { outcome: 'ok', outputs: [scene, previewOutput(outputs.preview.name, decoded.size)], result };
}

function previewOutput(name: string, size: { width: number; height: number }): OutputFile {
  const path = `${FILES.out}/${outputs.preview.name}`;
  return { name, kind: outputs.preview.kind, path, mediaType: 'image/png', meta: { ...size } };
}

function missingFailure(missing: readonly MissingFile[]) {
  const names = missing.map((file) => file.path);
  return renderFailure(
    'missing',
    'renders.files_missing',
    { count: names.length, names: listNames(names) },
    { missing: names },
  );
}

/** The name of the model inside its folder, as `prepare` chose it. Only shown: the file could have been changed since. */
async function chosenMain(workDir: string, fallback: string): Promise<string> {
  const request = RequestModel.safeParse(JSON.parse(await readFile(exchangeFiles(workDir).request, 'utf8')));
  if (!request.success) return fallback;
  const { path, folder } = request.data.model;
  return relative(folder, path).split(sep).join('/');
}
const RequestModel = z.object({ model: z.object({ path: z.string(), folder: z.string() }) });
