import { createHash } from 'node:crypto';
import { createReadStream, openAsBlob } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type CommandContext, UsageError } from '@backlot/cli/command';
import type { Artifact } from '@backlot/contract/api/artifacts';
import { formatOf, type ModelFile } from '../contract.ts';
import type { Client } from './api.ts';
import { words } from './words.ts';

/** A file of this machine, and its name beside the model. */
export interface LocalFile {
  readonly path: string;
  readonly name: string;
}

const MOST_FILES = 10_000;

/**
 * What a path on the command line stands for: a file alone, or a folder with its model and everything beside it. The
 * model comes first.
 * @throws UsageError in the words of the terminal's language
 */
export async function filesOf(context: CommandContext, path: string): Promise<LocalFile[]> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new UsageError(context.say(words.noSuchFile, { path }));
  if (found.isFile()) {
    if (formatOf(path) === undefined)
      throw new UsageError(context.say(words.unknownFormat, { path: basename(path) }));
    return [{ path, name: basename(path) }];
  }
  const files = (await listFolder(path)).slice(0, MOST_FILES + 1);
  if (files.length > MOST_FILES) throw new UsageError(context.say(words.tooManyFiles, { limit: MOST_FILES }));
  const models = files.filter(({ name }) => formatOf(name) !== undefined && !name.includes('/'));
  const [main, ...others] = models;
  if (!main) throw new UsageError(context.say(words.folderWithoutModel, { path }));
  if (others.length > 0) {
    const names = models.map(({ name }) => name).join(', ');
    throw new UsageError(context.say(words.severalModels, { names }));
  }
  return [main, ...files.filter((file) => file !== main)];
}

/** Files below a folder, hidden ones left out. */
export async function listFolder(folder: string): Promise<LocalFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path, name: relative(folder, path).split(sep).join('/') }))
    .filter(({ name }) => !name.split('/').some((part) => part.startsWith('.')))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Uploads files one after another; what the project has already is not sent again. */
export async function uploadFiles(
  context: CommandContext,
  client: Client,
  projectId: string,
  files: readonly LocalFile[],
): Promise<ModelFile[]> {
  const uploaded: ModelFile[] = [];
  for (const file of files) {
    const artifact = await uploadOne(context, client, projectId, file);
    uploaded.push({ artifactId: artifact.id, path: file.name });
  }
  return uploaded;
}

async function uploadOne(
  { out, say, signal, env }: CommandContext,
  client: Client,
  projectId: string,
  file: LocalFile,
): Promise<Artifact> {
  const blob = await openAsBlob(file.path);
  const progress = out.progress({
    title: say(words.uploading, { name: file.name }),
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
    progress.succeed(sent ? undefined : say(words.alreadyThere));
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
