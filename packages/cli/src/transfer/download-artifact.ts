import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Artifact } from '@backlot/contract/api/artifacts';
import type { ApiClient } from '@backlot/sdk';
import { sha256OfFile } from './upload-file.ts';

/** Bytes that are not those that the control plane has committed. */
export class DownloadBroken extends Error {
  override readonly name = 'DownloadBroken';
}

/** Names of outputs are the server's own and short; anything else is not written to this machine. */
const SAFE_NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*){0,2}$/;

/**
 * Fetches one result into a folder and checks it against its digest. A file that is there with the right bytes is left
 * alone; a broken download leaves nothing behind.
 * @returns the path of the file
 * @throws DownloadBroken
 */
export async function downloadArtifact(
  client: ApiClient,
  artifact: Artifact,
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  if (!SAFE_NAME.test(artifact.name)) throw new DownloadBroken(artifact.name);
  const target = join(folder, artifact.name);
  if (await isThere(target, artifact, signal)) return target;
  await mkdir(dirname(target), { recursive: true });
  const partial = `${target}.partial`;
  try {
    const response = await client.artifacts.content(artifact.id, { signal });
    if (!response.body) throw new DownloadBroken(artifact.name);
    const hash = createHash('sha256');
    const digesting = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        done(null, chunk);
      },
    });
    await pipeline(Readable.fromWeb(response.body), digesting, createWriteStream(partial), { signal });
    if (hash.digest('hex') !== artifact.digest) throw new DownloadBroken(artifact.name);
    await rename(partial, target);
    return target;
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function isThere(path: string, artifact: Artifact, signal: AbortSignal): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile() || found.size !== artifact.size) return false;
  return (await sha256OfFile(path, signal)) === artifact.digest;
}
