import { formatOf, type ModelFormat } from '../../contract.ts';

/** Formats by how much of the author's intent they carry: with several in one zip, the richest is meant. */
const richness: readonly ModelFormat[] = ['blend', 'glb', 'gltf', 'fbx', 'dae', 'obj', 'ply', 'stl'];

/**
 * The model among the files of a folder: the richest format first, then the least deep, then by name. Undefined when
 * there is none.
 */
export function chooseMain(files: readonly string[]): { path: string; format: ModelFormat } | undefined {
  const models = files.flatMap((path) => {
    const format = formatOf(path);
    return format === undefined || format === 'zip' ? [] : [{ path, format }];
  });
  models.sort(
    (a, b) =>
      richness.indexOf(a.format) - richness.indexOf(b.format) ||
      a.path.split('/').length - b.path.split('/').length ||
      (a.path < b.path ? -1 : 1),
  );
  return models[0];
}
