import type { Readable } from 'node:stream';
import type { Artifact } from '@backlot/contract';
import type { Logger } from 'pino';
import yazl from 'yazl';
import type { BlobStore } from '../../kernel.ts';
import { safeFileName } from './content-disposition.ts';

/** Formats that are compressed already; packing them again costs time and saves nothing. */
const packed = /^(image\/(png|jpeg|webp|gif|x-exr)|video\/|audio\/|application\/zip|application\/x-blender)/;

/**
 * The paths that artifacts get inside an archive: their names, cleaned part by part, and numbered where two would
 * be the same (also on systems that don't tell case apart).
 */
export function zipPaths(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const clean = name
      .split(/[/\\]/)
      .flatMap((part) => (/^\.{0,2}$/.test(part.trim()) ? [] : safeFileName(part)))
      .slice(-4)
      .join('/');
    const path = clean === '' ? 'file' : clean;
    const dot = path.lastIndexOf('.') > path.lastIndexOf('/') + 1 ? path.lastIndexOf('.') : path.length;
    let free = path;
    for (let number = 2; taken.has(free.toLowerCase()); number += 1) {
      free = `${path.slice(0, dot)} (${number})${path.slice(dot)}`;
    }
    taken.add(free.toLowerCase());
    return free;
  });
}

/**
 * A zip of artifacts as a stream: one blob after the other flows through, nothing is stored, and memory does not
 * grow with their size. A blob that can't be read breaks the archive off, so that nobody takes it for whole.
 */
export function zipArtifacts(
  artifacts: readonly Artifact[],
  blobs: Pick<BlobStore, 'get'>,
  log: Logger,
  signal: AbortSignal,
): Readable {
  const zip = new yazl.ZipFile();
  // yazl's stream is an old-style one to its types; it is a PassThrough (index.js, ZipFile constructor).
  const output = zip.outputStream as unknown as Readable;
  const fail = (error: unknown) => {
    if (!signal.aborted) log.warn({ err: error }, 'a zip could not be completed');
    output.destroy(error instanceof Error ? error : new Error(String(error)));
  };
  zip.on('error', fail);
  const paths = zipPaths(artifacts.map(({ name }) => name));
  for (const [index, artifact] of artifacts.entries()) {
    zip.addReadStreamLazy(
      paths[index] ?? artifact.id,
      {
        mtime: new Date(artifact.createdAt),
        size: artifact.size,
        compress: !packed.test(artifact.mediaType),
      },
      (done) => {
        blobs.get(artifact.digest, undefined, signal).then((stream) => {
          stream.once('error', fail);
          done(null, stream);
        }, fail);
      },
    );
  }
  zip.end();
  signal.addEventListener('abort', () => output.destroy(), { once: true });
  return output;
}
