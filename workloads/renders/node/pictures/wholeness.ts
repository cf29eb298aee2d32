import type { PictureFormat } from '../../contract.ts';
import { readExrLayout } from './exr-layout.ts';

/**
 * Whether a file goes on to its end. ffmpeg decodes a JPEG or EXR that is cut off in the middle, fills the rest with
 * grey and reports no error (seen with 5.1), so the structure is looked at here. A PNG is decoded strictly anyway.
 */
export function reachesItsEnd(data: Buffer, format: PictureFormat): boolean {
  try {
    if (format === 'jpeg') return data.length > 4 && data.readUInt16BE(data.length - 2) === 0xffd9;
    if (format === 'exr') return exrReachesItsEnd(data);
    return true;
  } catch {
    // RangeError: it ends within its own header.
    return false;
  }
}

/** Every chunk is where the table says, and whole: line number, size of the data, data. */
function exrReachesItsEnd(data: Buffer): boolean {
  const layout = readExrLayout(data);
  if (!layout) return false;
  return layout.offsets.every((offset) => {
    if (offset < layout.chunksStart) return false;
    const size = data.readInt32LE(offset + 4);
    return size >= 0 && offset + 8 + size <= data.length;
  });
}
