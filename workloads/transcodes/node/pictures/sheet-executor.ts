import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Conclusion, ffmpegTool, plainFile, type TaskExecutor } from '@backlot/node/workload';
import { names, SheetParameters, type SheetResult, transcodeFailure } from '../../contract.ts';
import { launchPasses } from '../encode/launch-passes.ts';
import { failureOfRun, requireFfmpeg, wrongOutput } from '../media/failures.ts';
import { filmSpan } from './film-span.ts';
import { findFont } from './find-font.ts';
import { judgePicture } from './judge-picture.ts';
import { endings, gridArguments, pictureTypes, tileArguments } from './picture-arguments.ts';
import { readPlan, writePlan } from './picture-plan.ts';
import { evenTimes } from './picture-times.ts';

const OUT = 'out';
const TILES = 'tiles';

/** `transcodes.contact-sheet`: a film at a glance, pictures from all of it in a grid. */
export const sheetExecutor: TaskExecutor<SheetParameters> = {
  parameters: SheetParameters,

  async prepare(context) {
    const { parameters, workDir, inputsDir, capabilities } = context;
    requireFfmpeg(capabilities, ['ffprobe']);
    const { columns, rows, width, format } = parameters;
    const film = await filmSpan(context);
    const height = Math.max(2, 2 * Math.round((width * film.height) / Math.max(1, film.width) / 2));
    const font = parameters.timestamps ? await findFont(context) : 'none';
    const times = evenTimes(columns * rows, film.durationMs);
    for (const folder of [OUT, TILES]) {
      await rm(join(workDir, folder), { recursive: true, force: true });
      await mkdir(join(workDir, folder), { recursive: true });
    }
    await writePlan(workDir, { times, timestamps: font !== 'none' });
    const ffmpeg = ffmpegTool(capabilities, 'ffmpeg') ?? 'ffmpeg';
    const source = join(inputsDir, names.source);
    const tiles = times.map((atMs, index) => {
      const output = join(workDir, TILES, `${String(index).padStart(3, '0')}.jpg`);
      return tileArguments({ ffmpeg, source, output, atMs, width: even(width), height, font });
    });
    const output = join(workDir, OUT, fileOf(format));
    const grid = gridArguments({ ffmpeg, tiles: `${TILES}/*.jpg`, output, columns, rows, format });
    return await launchPasses([...tiles, grid], workDir, false);
  },

  async conclude(context): Promise<Conclusion> {
    const { exit, parameters, offer, workDir } = context;
    if (exit.cause !== 'exited' || exit.code !== 0) {
      return { outcome: 'failed', failure: failureOfRun(exit, await context.logTail('stderr'), offer) };
    }
    const { columns, rows, width, format } = parameters;
    const { timestamps } = await readPlan(workDir);
    const pictures = (await readdir(join(workDir, TILES))).length;
    if (pictures === 0) {
      const detail = 'the film has no picture';
      return { outcome: 'failed', failure: transcodeFailure('input', 'transcodes.no_pictures', { detail }) };
    }
    try {
      const file = fileOf(format);
      const sheet = await judgePicture(context, await plainFile(workDir, `${OUT}/${file}`), format);
      const least = columns * even(width);
      if (sheet.width < least) return wrongOutput(`the sheet is ${sheet.width} wide`, offer.attempt);
      const result: SheetResult = { width: sheet.width, height: sheet.height, pictures, timestamps };
      const meta = { width: sheet.width, height: sheet.height, columns, rows };
      const mediaType = pictureTypes[format];
      const output = { name: file, kind: 'contact-sheet', path: `${OUT}/${file}`, mediaType, meta };
      return { outcome: 'ok', outputs: [output], result };
    } catch (error) {
      if (context.signal.aborted) throw error;
      const detail = error instanceof Error ? error.message : 'it can’t be read';
      return wrongOutput(detail, offer.attempt);
    }
  },
};

function fileOf(format: SheetParameters['format']): string {
  return `contact-sheet.${endings[format]}`;
}

function even(side: number): number {
  return 2 * Math.round(side / 2);
}
