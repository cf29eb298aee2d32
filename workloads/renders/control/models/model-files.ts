import { createHash } from 'node:crypto';
import { type Artifact, BacklotError, kernelErrors } from '@backlot/contract';
import type { Actor, Kernel } from '@backlot/control/workload';
import { formatOf, type ModelFile, renderErrors } from '../../contract.ts';
import type { StoredFile } from '../tables.ts';

const NAME_LIMIT = 400;
/** Bytes of one part of a path that every file system takes. */
const PART_LIMIT = 255;

/**
 * The name of a model's file as it is kept and laid out on nodes: relative, forward slashes, nothing that leads out.
 * Any script, quotes and semicolons are fine: a name is data and never part of a command.
 * @throws model_name_invalid
 */
export function modelPath(name: string): string {
  const parts = name
    .replaceAll('\\', '/')
    .split('/')
    .filter((part) => part !== '' && part !== '.');
  const path = parts.join('/');
  const bad =
    parts.length === 0 ||
    path.length > NAME_LIMIT ||
    !path.isWellFormed() ||
    parts.some((part) => part === '..' || Buffer.byteLength(part) > PART_LIMIT) ||
    // Control characters would fake lines in logs and break some file systems.
    /\p{Cc}/u.test(path);
  if (bad) throw new BacklotError(renderErrors.model_name_invalid, { params: { name: name.slice(0, 80) } });
  return path;
}

/**
 * Turns uploaded artifacts into the files of a model; the first is the model itself.
 * @throws not_found for artifacts of another project or hidden from the actor, model_format_unknown, model_name_invalid,
 * model_file_twice
 */
export async function resolveFiles(
  kernel: Kernel,
  projectId: string,
  files: readonly ModelFile[],
  actor: Actor,
): Promise<{ main: string; files: StoredFile[] }> {
  const resolved: StoredFile[] = [];
  const artifacts: Artifact[] = [];
  const taken = new Set<string>();
  for (const file of files) {
    const artifact = await artifactIn(kernel, projectId, file.artifactId);
    artifacts.push(artifact);
    const path = modelPath(file.path ?? artifact.name);
    if (taken.has(path.toLowerCase()))
      throw new BacklotError(renderErrors.model_file_twice, { params: { name: path } });
    taken.add(path.toLowerCase());
    resolved.push({ path, digest: artifact.digest, size: artifact.size, artifactId: artifact.id });
  }
  await requireVisible(kernel, artifacts, actor);
  const main = resolved[0]?.path ?? '';
  if (formatOf(main) === undefined)
    throw new BacklotError(renderErrors.model_format_unknown, { params: { name: main } });
  return { main, files: resolved };
}

/** An artifact, as long as it belongs to the project: others' are as if they were not there. @throws not_found */
export async function artifactIn(kernel: Kernel, projectId: string, id: string): Promise<Artifact> {
  const artifact = await kernel.artifacts.get(id);
  if (artifact.projectId !== projectId)
    throw new BacklotError(kernelErrors.not_found, { params: { what: 'artifact', id } });
  return artifact;
}

/** What the actor may not see is not theirs to render: else a hidden file could be looked at in a picture. @throws not_found */
export async function requireVisible(
  kernel: Kernel,
  artifacts: readonly Artifact[],
  actor: Actor,
): Promise<void> {
  const visible = new Set((await kernel.artifacts.visibleTo(actor, artifacts)).map(({ id }) => id));
  const hidden = artifacts.find(({ id }) => !visible.has(id));
  if (hidden) throw new BacklotError(kernelErrors.not_found, { params: { what: 'artifact', id: hidden.id } });
}

/** The same files under the same names are the same model. */
export function fingerprintOf(main: string, files: readonly StoredFile[]): string {
  const lines = files.map(({ path, digest }) => `${digest} ${path}`).sort();
  return createHash('sha256')
    .update([main, ...lines].join('\n'))
    .digest('hex');
}
