import { createHash } from 'node:crypto';
import { createReadStream, openAsBlob } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Artifact } from '@backlot/contract/api/artifacts';
import type { ApiClient } from '@backlot/sdk';
import type { CommandContext } from '../command.ts';

const phrases = {
  uploading: { en: 'Uploading {name}', 'zh-CN': '正在上传 {name}' },
  alreadyThere: { en: 'already there, nothing sent', 'zh-CN': '已存在，无需上传' },
} as const;

/**
 * Uploads a file of this machine with a bar on a terminal. What the project has already is not sent again, and an upload
 * that was cut off goes on where it was.
 */
export async function uploadFile(
  { out, say, signal, env }: CommandContext,
  client: ApiClient,
  projectId: string,
  file: { readonly path: string; readonly name: string },
): Promise<Artifact> {
  const blob = await openAsBlob(file.path);
  const progress = out.progress({
    title: say(phrases.uploading, { name: file.name }),
    total: blob.size,
    unit: 'bytes',
  });
  try {
    const { artifact, sent } = await client.artifacts.upload(blob, {
      projectId,
      name: basename(file.name),
      signal,
      memory: uploadMemory(env),
      // Node hashes natively, several times faster than the SDK's own code for browsers.
      digest: () => sha256OfFile(file.path, signal),
      onProgress: ({ phase, done }) => {
        if (phase === 'sending') progress.update({ done });
      },
    });
    progress.succeed(sent ? undefined : say(phrases.alreadyThere));
    return artifact;
  } catch (error) {
    progress.fail();
    throw error;
  }
}

/** SHA-256 of a file's bytes. */
export async function sha256OfFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash, signal ? { signal } : {});
  return hash.digest('hex');
}

/** Addresses of unfinished uploads, so that the next run goes on where this one was cut off. */
function uploadMemory(env: CommandContext['env']) {
  const base = env.XDG_STATE_HOME ?? (env.HOME ? join(env.HOME, '.local', 'state') : undefined);
  const folder = base === undefined ? undefined : join(base, 'backlot', 'uploads');
  const fileOf = (key: string) => join(folder ?? '', createHash('sha256').update(key).digest('hex'));
  return {
    async get(key: string): Promise<string | undefined> {
      if (folder === undefined) return undefined;
      return readFile(fileOf(key), 'utf8').catch(() => undefined);
    },
    async set(key: string, address: string): Promise<void> {
      if (folder === undefined) return;
      // Losing the memory costs a second upload, never the first one.
      await mkdir(folder, { recursive: true, mode: 0o700 })
        .then(() => writeFile(fileOf(key), address, { mode: 0o600 }))
        .catch(() => undefined);
    },
    async delete(key: string): Promise<void> {
      if (folder !== undefined) await rm(fileOf(key), { force: true });
    },
  };
}
