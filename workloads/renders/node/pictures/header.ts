import { open } from 'node:fs/promises';
import type { PictureFormat } from '../../contract.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Headers of all formats fit into this; a JPEG of ours has its size within the first hundred bytes. */
const HEADER_BYTES = 65_536;

/** The size that the file says it has, from its first bytes; undefined when it isn't this format. */
export function sizeFromHeader(data: Buffer, format: PictureFormat): Size | undefined {
  try {
    if (format === 'png') return pngSize(data);
    if (format === 'jpeg') return jpegSize(data);
    return exrSize(data);
  } catch {
    // RangeError: the header is cut off.
    return undefined;
  }
}

export async function readHeader(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(HEADER_BYTES);
    const { bytesRead } = await file.read(buffer, 0, HEADER_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

export const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** PNG, third edition, section 11.2.1: IHDR is the first chunk. */
function pngSize(data: Buffer): Size | undefined {
  if (!data.subarray(0, 8).equals(PNG_SIGNATURE) || data.toString('latin1', 12, 16) !== 'IHDR')
    return undefined;
  return { width: data.readUInt32BE(16), height: data.readUInt32BE(20) };
}

/** ITU T.81 B.1: segments until the first start of frame. */
function jpegSize(data: Buffer): Size | undefined {
  if (data.readUInt16BE(0) !== 0xffd8) return undefined;
  for (let at = 2; ; ) {
    if (data.readUInt8(at) !== 0xff) return undefined;
    const marker = data.readUInt8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { width: data.readUInt16BE(at + 7), height: data.readUInt16BE(at + 5) };
    at += 2 + data.readUInt16BE(at + 2);
  }
}

/** OpenEXR file layout: magic number, version, then named attributes; the data window says which pixels are there. */
function exrSize(data: Buffer): Size | undefined {
  if (data.readUInt32LE(0) !== 0x01312f76) return undefined;
  for (let at = 8; data.readUInt8(at) !== 0; ) {
    const nameEnd = data.indexOf(0, at);
    const typeEnd = data.indexOf(0, nameEnd + 1);
    const name = data.toString('latin1', at, nameEnd);
    const size = data.readInt32LE(typeEnd + 1);
    const value = typeEnd + 5;
    if (name === 'dataWindow')
      return {
        width: data.readInt32LE(value + 8) - data.readInt32LE(value) + 1,
        height: data.readInt32LE(value + 12) - data.readInt32LE(value + 4) + 1,
      };
    at = value + size;
  }
  return undefined;
}
