import { readFile, rename, writeFile } from 'node:fs/promises';
import type { PictureFormat } from '../../contract.ts';
import { readExrLayout } from './exr-layout.ts';
import { PNG_SIGNATURE } from './header.ts';

/** PNG chunks that say something about where, when and by whom, and nothing about the picture. */
const tellingChunks = new Set(['tEXt', 'zTXt', 'iTXt', 'tIME', 'eXIf']);

/** A PNG without its texts, times and cameras. Critical chunks, colour and density stay as they are. */
export function stripPng(data: Buffer): Buffer {
  const kept: Buffer[] = [PNG_SIGNATURE];
  for (let at = 8; at + 12 <= data.length; ) {
    const length = data.readUInt32BE(at);
    const chunk = data.subarray(at, at + 12 + length);
    if (!tellingChunks.has(data.toString('latin1', at + 4, at + 8))) kept.push(chunk);
    at += 12 + length;
  }
  return Buffer.concat(kept);
}

/** A JPEG without comments and application segments, but for JFIF (APP0) and Adobe's colour transform (APP14). */
export function stripJpeg(data: Buffer): Buffer {
  const kept: Buffer[] = [data.subarray(0, 2)];
  let at = 2;
  while (at + 4 <= data.length && data[at] === 0xff) {
    const marker = data[at + 1] ?? 0;
    // Start of scan: the rest is the picture.
    if (marker === 0xda) break;
    const end = at + 2 + data.readUInt16BE(at + 2);
    const isApplication = marker >= 0xe1 && marker <= 0xef && marker !== 0xee;
    if (!isApplication && marker !== 0xfe) kept.push(data.subarray(at, end));
    at = end;
  }
  kept.push(data.subarray(at));
  return Buffer.concat(kept);
}

/** Attributes that an EXR must have, and those that say how to show it (OpenEXR file layout, "required attributes"). */
const keptAttributes = new Set([
  'channels',
  'compression',
  'dataWindow',
  'displayWindow',
  'lineOrder',
  'pixelAspectRatio',
  'screenWindowCenter',
  'screenWindowWidth',
  'chromaticities',
  'tiles',
  'type',
  'name',
  'version',
  'chunkCount',
  'multiView',
]);

/**
 * A single-part EXR without the attributes that Blender adds (dates, times, names of files). Chunk offsets count from
 * the start of the file and shrink with the header. Anything but a single-part scan-line file is returned unchanged.
 */
export function stripExr(data: Buffer): Buffer {
  const layout = readExrLayout(data);
  if (!layout) return data;
  const kept = layout.attributes.filter(({ name }) => keptAttributes.has(name));
  const removed = layout.attributes
    .filter(({ name }) => !keptAttributes.has(name))
    .reduce((sum, { start, end }) => sum + end - start, 0);
  const offsets = Buffer.alloc(layout.offsets.length * 8);
  for (const [index, offset] of layout.offsets.entries())
    offsets.writeBigUInt64LE(BigInt(offset - removed), index * 8);
  return Buffer.concat([
    data.subarray(0, 8),
    ...kept.map(({ start, end }) => data.subarray(start, end)),
    Buffer.alloc(1),
    offsets,
    data.subarray(layout.chunksStart),
  ]);
}

const strippers: Readonly<Record<PictureFormat, (data: Buffer) => Buffer>> = {
  png: stripPng,
  jpeg: stripJpeg,
  exr: stripExr,
};

/** Writes a copy of a picture that says nothing about the machine it was made on. Atomic: a reader sees all or nothing. */
export async function publishPicture(source: string, target: string, format: PictureFormat): Promise<void> {
  const stripped = strippers[format](await readFile(source));
  await writeFile(`${target}.partial`, stripped);
  await rename(`${target}.partial`, target);
}
