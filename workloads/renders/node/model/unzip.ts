import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Entry, openPromise, type ZipFile } from 'yauzl';

/** What a zip of a model may come to. A bomb is refused before it is unpacked, and while it is. */
export interface ZipLimits {
  readonly files: number;
  /** Bytes of all files together. */
  readonly bytes: number;
  /** Unpacked bytes for one packed byte; textures and meshes stay far below. */
  readonly ratio: number;
}
export const zipLimits: ZipLimits = { files: 10_000, bytes: 16 * 1024 ** 3, ratio: 200 };

/** A zip that is not unpacked. The message says why, for a sentence. */
export class ZipRefused extends Error {
  override readonly name = 'ZipRefused';
}

/** Of an entry's external attributes: the file type bits of a Unix mode. */
const TYPE_MASK = 0o170000;
const SYMLINK = 0o120000;
const DIRECTORY = 0o040000;
const REGULAR = 0o100000;
/** Below this a high ratio is no bomb: a black texture packs a thousandfold. */
const HARMLESS = 64 * 1024 * 1024;
const NAME_LIMIT = 400;
const DEPTH_LIMIT = 20;

/**
 * Where an entry goes, relative to the folder; undefined for what is left out (folders, clutter of operating systems).
 * @throws ZipRefused for names that lead out of the folder, links, and anything that is no plain file.
 */
export function placeOf(
  entry: Pick<Entry, 'fileName' | 'externalFileAttributes' | 'versionMadeBy' | 'generalPurposeBitFlag'>,
): string | undefined {
  const name = entry.fileName.replaceAll('\\', '/');
  const quoted = JSON.stringify(entry.fileName.slice(0, 80));
  if (name.includes('\0')) throw new ZipRefused(`the name ${quoted} holds a zero byte`);
  if (name.startsWith('/') || /^[a-zA-Z]:/.test(name)) throw new ZipRefused(`the name ${quoted} is absolute`);
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new ZipRefused(`the name ${quoted} leads out of the folder`);
  if ((entry.generalPurposeBitFlag & 1) !== 0) throw new ZipRefused(`${quoted} is encrypted`);
  const made = entry.versionMadeBy >>> 8;
  // 3 is Unix, 19 is macOS: only they give a mode.
  const type = made === 3 || made === 19 ? (entry.externalFileAttributes >>> 16) & TYPE_MASK : 0;
  if (type === SYMLINK) throw new ZipRefused(`${quoted} is a link`);
  if (name.endsWith('/') || type === DIRECTORY) return undefined;
  if (type !== 0 && type !== REGULAR) throw new ZipRefused(`${quoted} is no plain file`);
  if (parts.length === 0) return undefined;
  if (name.length > NAME_LIMIT || parts.length > DEPTH_LIMIT)
    throw new ZipRefused(`the name ${quoted} is too long`);
  if (parts.includes('__MACOSX') || parts.at(-1) === '.DS_Store' || parts.at(-1) === 'Thumbs.db')
    return undefined;
  return parts.join('/');
}

/**
 * Unpacks a zip into a folder that must not exist yet, and returns the relative paths of its files.
 * @throws ZipRefused for what is broken, leads outside, or is too much.
 */
export async function unzip(
  source: string,
  folder: string,
  signal: AbortSignal,
  limits: ZipLimits = zipLimits,
): Promise<string[]> {
  const zip = await openZip(source);
  try {
    await mkdir(folder, { recursive: true });
    const unpacked = new Map<string, string>();
    let bytes = 0;
    for await (const entry of zip.eachEntry()) {
      signal.throwIfAborted();
      const place = placeOf(entry);
      if (place === undefined) continue;
      // Two names that differ in case are one file on some systems: the later would replace the earlier unseen.
      const key = place.toLowerCase();
      if (unpacked.has(key)) throw new ZipRefused(`${JSON.stringify(place.slice(0, 80))} is in it twice`);
      unpacked.set(key, place);
      if (unpacked.size > limits.files) throw new ZipRefused(`it holds more than ${limits.files} files`);
      if (entry.uncompressedSize > HARMLESS && entry.uncompressedSize > entry.compressedSize * limits.ratio)
        throw new ZipRefused(
          `${JSON.stringify(place.slice(0, 80))} would unpack to more than ${limits.ratio} times its size`,
        );
      bytes = await unpack(zip, entry, join(folder, place), bytes, limits, signal);
    }
    return [...unpacked.values()].sort();
  } catch (error) {
    if (error instanceof ZipRefused || signal.aborted) throw error;
    throw new ZipRefused(error instanceof Error ? error.message.slice(0, 200) : 'it can’t be read');
  } finally {
    zip.close();
  }
}

async function openZip(source: string): Promise<ZipFile> {
  try {
    return await openPromise(source, { autoClose: false, strictFileNames: false, validateEntrySizes: true });
  } catch (error) {
    throw new ZipRefused(error instanceof Error ? error.message.slice(0, 200) : 'it can’t be read');
  }
}

/** Unpacks one entry, counting real bytes: the sizes in a zip are only claims. Returns the new total. */
async function unpack(
  zip: ZipFile,
  entry: Entry,
  target: string,
  before: number,
  limits: ZipLimits,
  signal: AbortSignal,
): Promise<number> {
  await mkdir(dirname(target), { recursive: true });
  const stream = await zip.openReadStreamPromise(entry);
  let total = before;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      total += chunk.length;
      if (total > limits.bytes) done(new ZipRefused(`it holds more than ${limits.bytes} bytes`));
      else done(null, chunk);
    },
  });
  await pipeline(stream, counter, createWriteStream(target, { flags: 'wx', mode: 0o644 }), { signal });
  return total;
}
