import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { TaskFailure } from '@backlot/node/workload';
import { formatOf, type ModelFormat, renderFailure } from '../../contract.ts';
import { chooseMain } from './choose-main-file.ts';
import { unzip, ZipRefused } from './unzip.ts';

/** Folder below `inputs/` that holds the model as it was uploaded. */
export const MODEL_INPUTS = 'model';
/** Folder below `work/` that a zip is unpacked into. */
const UNPACKED = 'unpacked';

export interface PlacedModel {
  /** Absolute path of the file to import. */
  readonly path: string;
  readonly format: ModelFormat;
  /** Absolute path of the folder that holds its side files. */
  readonly folder: string;
  /** Its name relative to that folder. */
  readonly main: string;
}

/**
 * Finds the model among a task's inputs, and unpacks it first when it is a zip. Files that were uploaded later, beside
 * the zip, are found too: they are looked up by the script.
 * @throws TaskFailure when the zip is refused or holds no model.
 */
export async function placeModel(
  main: string,
  dirs: { readonly inputsDir: string; readonly workDir: string },
  signal: AbortSignal,
): Promise<PlacedModel> {
  const uploaded = join(dirs.inputsDir, MODEL_INPUTS);
  const format = formatOf(main);
  if (format === undefined)
    throw new TaskFailure(renderFailure('input', 'renders.unknown_format', { name: main }));
  if (format !== 'zip') return { path: join(uploaded, main), format, folder: uploaded, main };

  const folder = join(dirs.workDir, UNPACKED);
  try {
    const files = await unzip(join(uploaded, main), folder, signal);
    const chosen = chooseMain(files);
    if (!chosen) throw new TaskFailure(renderFailure('input', 'renders.zip_without_model'));
    return { path: join(folder, chosen.path), format: chosen.format, folder, main: chosen.path };
  } catch (error) {
    if (error instanceof ZipRefused)
      throw new TaskFailure(renderFailure('input', 'renders.zip_refused', { detail: error.message }));
    throw error;
  }
}

/** Every file below a folder, relative, with forward slashes. For tests and for the log. */
export async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}
