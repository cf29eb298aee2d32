import { z } from 'zod';

/** More frames than this in one job are a mistake, or want several jobs. */
export const MAX_FRAMES = 10_000;
/** Blender's own limits of a frame number. */
const LOWEST = -1_048_574;
const HIGHEST = 1_048_574;

const PART = /^(-?\d{1,7})(?:-(-?\d{1,7}))?(?:x(\d{1,5}))?$/;

/**
 * The frames that a text such as `1-60`, `1,5,10-20` or `1-100x10` names, ascending and each once.
 * @returns undefined when the text is no frame range, or names no or too many frames.
 */
export function parseFrames(text: string): number[] | undefined {
  const frames = new Set<number>();
  for (const part of text.split(',')) {
    const match = PART.exec(part.trim());
    if (!match) return undefined;
    const first = Number(match[1]);
    const last = match[2] === undefined ? first : Number(match[2]);
    const step = match[3] === undefined ? 1 : Number(match[3]);
    if (step < 1 || last < first || first < LOWEST || last > HIGHEST) return undefined;
    if (match[3] !== undefined && match[2] === undefined) return undefined;
    if ((last - first) / step + frames.size > 2 * MAX_FRAMES) return undefined;
    for (let frame = first; frame <= last; frame += step) frames.add(frame);
  }
  if (frames.size === 0 || frames.size > MAX_FRAMES) return undefined;
  return [...frames].sort((a, b) => a - b);
}

/** The shortest text that `parseFrames` reads as these frames: runs of neighbours become ranges. */
export function formatFrames(frames: readonly number[]): string {
  const sorted = [...new Set(frames)].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let start = 0; start < sorted.length; ) {
    let end = start;
    while (sorted[end + 1] === (sorted[end] ?? 0) + 1) end += 1;
    parts.push(end === start ? `${sorted[start]}` : `${sorted[start]}-${sorted[end]}`);
    start = end + 1;
  }
  return parts.join(',');
}

/** A frame range as people write it. */
export const FrameRange = z
  .string()
  .trim()
  .max(2_000)
  .refine((text) => parseFrames(text) !== undefined, {
    message: `Frames are numbers and ranges such as 1-60 or 1,5,10-20x2, at most ${MAX_FRAMES} of them.`,
  });

export const pictureFormats = ['png', 'exr', 'jpeg'] as const;
export const PictureFormat = z.enum(pictureFormats);
export type PictureFormat = z.infer<typeof PictureFormat>;

const extensions: Readonly<Record<PictureFormat, string>> = { png: 'png', exr: 'exr', jpeg: 'jpg' };
export const mediaTypes: Readonly<Record<PictureFormat, string>> = {
  png: 'image/png',
  exr: 'image/x-exr',
  jpeg: 'image/jpeg',
};

/** Name of a frame's picture: sorts by number, and a negative frame keeps its sign readable. */
export function frameFile(frame: number, format: PictureFormat): string {
  const digits = String(Math.abs(frame)).padStart(6, '0');
  return `frame-${frame < 0 ? `m${digits}` : digits}.${extensions[format]}`;
}
