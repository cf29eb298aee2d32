import { readFile, rename, writeFile } from 'node:fs/promises';
import type { PictureFormat } from '../../contract.ts';
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
  const version = data.readUInt32LE(4);
  // Bits 9 (tiles), 11 (deep) and 12 (multi-part) mean another layout.
  if (data.readUInt32LE(0) !== 0x01312f76 || (version & 0x1a00) !== 0) return data;
  const header: Buffer[] = [data.subarray(0, 8)];
  let at = 8;
  let removed = 0;
  let lines = 0;
  let linesPerChunk = 1;
  while (data.readUInt8(at) !== 0) {
    const nameEnd = data.indexOf(0, at);
    const typeEnd = data.indexOf(0, nameEnd + 1);
    const value = typeEnd + 5;
    const end = value + data.readInt32LE(typeEnd + 1);
    const name = data.toString('latin1', at, nameEnd);
    if (name === 'dataWindow') lines = data.readInt32LE(value + 12) - data.readInt32LE(value + 4) + 1;
    if (name === 'compression') linesPerChunk = exrLinesPerChunk(data.readUInt8(value));
    if (keptAttributes.has(name)) header.push(data.subarray(at, end));
    else removed += end - at;
    at = end;
  }
  header.push(data.subarray(at, at + 1));
  const table = at + 1;
  const chunks = Math.ceil(lines / linesPerChunk);
  const offsets = Buffer.alloc(chunks * 8);
  for (let i = 0; i < chunks; i += 1)
    offsets.writeBigUInt64LE(data.readBigUInt64LE(table + i * 8) - BigInt(removed), i * 8);
  return Buffer.concat([...header, offsets, data.subarray(table + chunks * 8)]);
}

/** NONE, RLE, ZIPS, ZIP, PIZ, PXR24, B44, B44A, DWAA, DWAB. */
function exrLinesPerChunk(compression: number): number {
  return [1, 1, 1, 16, 32, 16, 32, 32, 32, 256][compression] ?? 1;
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
