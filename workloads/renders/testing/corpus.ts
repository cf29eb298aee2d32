import { readdirSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { formatOf } from '../contract.ts';

/** Where Debian's package assimp-testmodels puts its files: real models, many broken on purpose. */
export const corpusDir = '/usr/share/assimp/models';

export interface CorpusModel {
  /** Relative to the corpus. */
  readonly name: string;
  /** The model's own name beside its side files. */
  readonly main: string;
  /** Input name -> file, for the model with everything that lies beside and below it. */
  readonly inputs: Readonly<Record<string, string>>;
}

/** Every model of the corpus in a format that is rendered here; nothing when the package is not installed. */
export function corpusModels(): CorpusModel[] {
  return filesBelow(corpusDir)
    .filter((path) => {
      const format = formatOf(path);
      return format !== undefined && format !== 'zip';
    })
    .map((path) => ({
      name: relative(corpusDir, path).split(sep).join('/'),
      main: basename(path),
      inputs: withSideFiles(path),
    }));
}

/** A model and what lies in its folder, named as an upload of the folder names it. */
export function withSideFiles(path: string): Record<string, string> {
  const folder = dirname(path);
  return Object.fromEntries(
    filesBelow(folder).map((file) => [`model/${relative(folder, file).split(sep).join('/')}`, file]),
  );
}

function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
  } catch {
    return [];
  }
}
