import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { type CommandContext, UsageError, uploadFile } from '@backlot/cli/command';
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
    const artifact = await uploadFile(context, client, projectId, file);
    uploaded.push({ artifactId: artifact.id, path: file.name });
  }
  return uploaded;
}
