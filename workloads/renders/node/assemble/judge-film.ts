import { open } from 'node:fs/promises';
import { z } from 'zod';

/** What ffprobe says about a film of which it has decoded every frame. Numbers come as text. */
export const FilmProbe = z.object({
  streams: z
    .array(
      z.object({
        codec_name: z.string(),
        pix_fmt: z.string(),
        width: z.number().int(),
        height: z.number().int(),
        nb_read_frames: z.coerce.number().int(),
        r_frame_rate: z.string(),
        duration: z.coerce.number(),
      }),
    )
    .min(1),
});
export type FilmProbe = z.infer<typeof FilmProbe>;

export function filmProbeArguments(ffprobe: string, film: string): [string, ...string[]] {
  const entries = 'stream=codec_name,pix_fmt,width,height,nb_read_frames,r_frame_rate,duration';
  return [
    ffprobe,
    '-v',
    'error',
    '-count_frames',
    '-select_streams',
    'v',
    '-show_entries',
    entries,
    '-of',
    'json',
    film,
  ];
}

export interface FilmExpectation {
  readonly frames: number;
  readonly width: number;
  readonly height: number;
}

/** What is wrong with a film, in words for a sentence; undefined when nothing is. */
export function judgeFilm(
  probe: FilmProbe,
  order: readonly string[],
  expected: FilmExpectation,
): string | undefined {
  const stream = probe.streams[0];
  if (!stream) return 'it holds no picture';
  if (stream.codec_name !== 'h264' || stream.pix_fmt !== 'yuv420p')
    return `it is ${stream.codec_name} ${stream.pix_fmt} instead of h264 yuv420p`;
  if (stream.width !== expected.width || stream.height !== expected.height)
    return `it has ${stream.width}x${stream.height} pixels instead of ${expected.width}x${expected.height}`;
  if (stream.nb_read_frames !== expected.frames)
    return `it has ${stream.nb_read_frames} frames instead of ${expected.frames}`;
  if (order.indexOf('moov') < 0 || order.indexOf('moov') > order.indexOf('mdat'))
    return 'its index is not at the beginning';
  return undefined;
}

/** The kinds of the top-level boxes of an MP4 in their order (ISO/IEC 14496-12, 4.2). */
export async function topBoxes(path: string): Promise<string[]> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const kinds: string[] = [];
    const header = Buffer.alloc(16);
    for (let at = 0; at + 8 <= size && kinds.length < 100; ) {
      await file.read(header, 0, 16, at);
      kinds.push(header.toString('latin1', 4, 8));
      const length = header.readUInt32BE(0);
      if (length === 0) break;
      at += length === 1 ? Number(header.readBigUInt64BE(8)) : Math.max(8, length);
    }
    return kinds;
  } finally {
    await file.close();
  }
}
