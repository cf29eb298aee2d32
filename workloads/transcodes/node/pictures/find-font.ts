import { ffmpegTool, type TaskContext } from '@backlot/node/workload';
import { ask } from '../media/look.ts';
import { type SheetTile, timeFilter } from './picture-arguments.ts';

/** Where fonts are when nothing says which is the usual one. */
const files = [
  '/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf',
  '/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf',
  '/usr/share/fonts/TTF/DejaVuSans.ttf',
  '/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf',
  '/System/Library/Fonts/Helvetica.ttc',
];
const trialMs = 30_000;

/** How this node's ffmpeg can write a time into a picture, found out by writing one; `none` when it can't. */
export async function findFont(context: TaskContext<unknown>): Promise<SheetTile['font']> {
  const ffmpeg = ffmpegTool(context.capabilities, 'ffmpeg') ?? 'ffmpeg';
  for (const font of ['usual' as const, ...files.map((file) => ({ file }))]) {
    const argv = [
      ...[ffmpeg, '-nostdin', '-v', 'error', '-f', 'lavfi', '-i', 'color=size=128x64:duration=0.1'],
      ...['-vf', timeFilter(0, 100, font), '-frames:v', '1', '-f', 'null', '-'],
    ];
    const works = await ask(context, argv, trialMs).then(
      () => true,
      () => false,
    );
    if (works) return font;
  }
  context.log.warn('no font was found: the times are left out of the contact sheet');
  return 'none';
}
