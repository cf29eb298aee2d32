import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { RunCommand } from '@backlot/node/workload';
import { PNG } from 'pngjs';
import type { PictureFormat } from '../../contract.ts';
import { readHeader, type Size, sizeFromHeader } from './header.ts';
import { measurePixels, type PictureStats } from './measure.ts';
import { reachesItsEnd } from './wholeness.ts';

export interface Decoded {
  readonly size: Size;
  readonly stats: PictureStats;
}
/** A file that is no whole picture; the message goes into a sentence. */
export class PictureUnreadable extends Error {
  override readonly name = 'PictureUnreadable';
}

/** Longest side of what is measured. Decoding itself is always of the whole picture. */
const MEASURED_SIDE = 512;
const DECODE_TIMEOUT_MS = 60_000;

/**
 * Opens a picture, decodes all of it, and measures it. PNG is decoded here, the rest by ffmpeg.
 * @throws PictureUnreadable when it is cut off or is not what it should be.
 */
export async function decodePicture(
  path: string,
  format: PictureFormat,
  tools: { readonly run: RunCommand; readonly ffmpeg: string | undefined; readonly signal: AbortSignal },
): Promise<Decoded> {
  const size = sizeFromHeader(await readHeader(path), format);
  if (!size) throw new PictureUnreadable(`it is no ${format.toUpperCase()}`);
  if (format === 'png') return { size, stats: measurePixels(await decodePng(path)) };
  if (!reachesItsEnd(await readFile(path), format)) throw new PictureUnreadable('it ends in the middle');
  if (tools.ffmpeg === undefined) throw new PictureUnreadable('no ffmpeg is here to check it');
  return { size, stats: measurePixels(await decodeByFfmpeg(path, format, size, tools.ffmpeg, tools)) };
}

function decodePng(path: string): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const source = createReadStream(path);
    const png = new PNG();
    const fail = (error: Error) => {
      source.destroy();
      reject(new PictureUnreadable(`it can’t be decoded (${error.message})`));
    };
    source.once('error', fail);
    png.once('error', fail);
    png.once('parsed', (pixels: Buffer) => resolve(pixels));
    // pngjs never answers for a file that ends early; the end of the source tells.
    png.once('close', () => fail(new Error('it ends in the middle')));
    source.pipe(png);
  });
}

async function decodeByFfmpeg(
  path: string,
  format: PictureFormat,
  size: Size,
  ffmpeg: string,
  { run, signal }: { readonly run: RunCommand; readonly signal: AbortSignal },
): Promise<Uint8Array> {
  const scale = Math.min(1, MEASURED_SIDE / Math.max(size.width, size.height));
  const width = Math.max(1, Math.round(size.width * scale));
  const height = Math.max(1, Math.round(size.height * scale));
  const argv = [
    ffmpeg,
    '-v',
    'error',
    '-xerror',
    // EXR is linear light; without this everything but the sun looks black.
    ...(format === 'exr' ? ['-apply_trc', 'iec61966_2_1'] : []),
    '-i',
    path,
    '-frames:v',
    '1',
    '-vf',
    `scale=${width}:${height}:flags=area,format=rgba`,
    '-f',
    'rawvideo',
    '-',
  ];
  const ended = await run(argv, {
    timeoutMs: DECODE_TIMEOUT_MS,
    signal,
    maxOutput: width * height * 4 + 4096,
  });
  if (ended.code !== 0 || ended.stdout.length < width * height * 4)
    throw new PictureUnreadable(
      `it can’t be decoded (${ended.stderr.toString('latin1').trim().slice(0, 200)})`,
    );
  return ended.stdout;
}
