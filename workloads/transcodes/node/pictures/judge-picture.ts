import { ffmpegTool, type TaskContext } from '@backlot/node/workload';
import type { PictureFormat } from '../../contract.ts';
import { ask, Unreadable } from '../media/look.ts';
import { brightnessArguments, judgeSide, sizeArguments } from './picture-arguments.ts';

const glimpseMs = 60_000;

/** A picture that was opened and decoded. */
export interface JudgedPicture {
  readonly width: number;
  readonly height: number;
  /** Mean of the brightness, 0 black to 255 white. */
  readonly brightness: number;
}

/** Opens a picture and decodes it. @throws Unreadable */
export async function judgePicture(
  context: TaskContext<unknown>,
  path: string,
  format: PictureFormat,
): Promise<JudgedPicture> {
  const ffprobe = ffmpegTool(context.capabilities, 'ffprobe') ?? 'ffprobe';
  const ffmpeg = ffmpegTool(context.capabilities, 'ffmpeg') ?? 'ffmpeg';
  const size = (await ask(context, sizeArguments(ffprobe, format, path), glimpseMs)).toString('latin1');
  const [width = 0, height = 0] = size.trim().split(',').map(Number);
  const points = await ask(context, brightnessArguments(ffmpeg, format, path), glimpseMs);
  if (!(width > 0) || !(height > 0) || points.length !== judgeSide * judgeSide) {
    throw new Unreadable('a picture that came out can’t be decoded');
  }
  const sum = points.reduce((all, point) => all + point, 0);
  return { width, height, brightness: Math.round((sum / points.length) * 10) / 10 };
}
