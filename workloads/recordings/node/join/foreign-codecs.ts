import { flvTagTypes } from '../flv/tag-head.ts';
import type { FileTag } from './flv-file.ts';

/** Codecs that the FLV reader of ffmpeg before 6.1 does not know; fragments of MP4 carry them as they are. */
const foreign = /^(hevc|av1|vp9|opus)$/;

/** Whether a part must go to the remuxer in another form than FLV. */
export function isForeign(codecs: readonly string[]): boolean {
  return codecs.some((codec) => foreign.test(codec));
}

/** Where the coded data begin in an FLV body, and how much later than decoding they are shown. */
export function codedData({ type, body, enhanced, codec }: FileTag): { at: number; laterMs: number } {
  if (type === flvTagTypes.audio) return { at: enhanced ? 5 : codec === 'aac' ? 2 : 1, laterMs: 0 };
  if (!enhanced) return { at: 5, laterMs: codec === 'h264' || codec === 'hevc' ? signed24(body, 2) : 0 };
  // Coded frames of AVC and HEVC have a composition time, unless the packet type says that it is 0 (CodedFramesX).
  const timed = ((body[0] ?? 0) & 15) === 1 && (codec === 'hevc' || codec === 'h264');
  return timed ? { at: 8, laterMs: signed24(body, 5) } : { at: 5, laterMs: 0 };
}

function signed24(bytes: Buffer, at: number): number {
  return bytes.length >= at + 3 ? bytes.readIntBE(at, 3) : 0;
}
