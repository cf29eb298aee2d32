import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Conclusion, ffmpegTool, plainFile, type TaskExecutor } from '@backlot/node/workload';
import { CheckParameters, type CheckResult, names, transcodeFailure } from '../../contract.ts';
import { failureOfRun, requireFfmpeg, unreadable } from '../media/failures.ts';
import { Unreadable } from '../media/look.ts';
import { packetListArguments, readScan } from '../media/scan-film.ts';
import { judgeFilm } from './judge-film.ts';

const LIST = 'packets';

/** `transcodes.probe`: every packet of a film is counted, and the film is held against what it must be. */
export const checkExecutor: TaskExecutor<CheckParameters> = {
  parameters: CheckParameters,

  async prepare({ capabilities, inputsDir, workDir }) {
    requireFfmpeg(capabilities, ['ffprobe']);
    await rm(join(workDir, LIST), { force: true });
    const ffprobe = ffmpegTool(capabilities, 'ffprobe') ?? 'ffprobe';
    const argv = packetListArguments(ffprobe, join(inputsDir, names.source), join(workDir, LIST));
    return { argv, sandbox: { network: 'none' } };
  },

  async conclude(context): Promise<Conclusion> {
    const { exit, parameters, inputsDir, workDir, offer } = context;
    if (exit.cause !== 'exited' || exit.code !== 0) {
      return { outcome: 'failed', failure: failureOfRun(exit, await context.logTail('stderr'), offer) };
    }
    try {
      const source = join(inputsDir, names.source);
      // Where tracks are in the file is of no use to whoever reads the result.
      const { places: _places, ...film } = await readScan(context, source, await plainFile(workDir, LIST));
      const faults = judgeFilm(film, parameters.conditions).slice(0, 20);
      const { size } = await stat(source);
      const result: CheckResult = {
        ...film,
        tracks: [...film.tracks],
        gaps: [...film.gaps],
        passed: faults.length === 0,
        faults,
        size,
      };
      if (faults.length === 0 || parameters.whenWrong === 'tell')
        return { outcome: 'ok', outputs: [], result };
      const detail = faults.join('; ').slice(0, 300);
      return {
        outcome: 'failed',
        failure: transcodeFailure('input', 'transcodes.not_as_wanted', { detail }),
        result,
      };
    } catch (error) {
      if (error instanceof Unreadable) return unreadable(error);
      throw error;
    }
  },
};
