import { formatOf } from '../../contract/model.ts';

/** Formats in the order in which one is taken for the model when several lie in a folder. */
const preference = ['blend', 'glb', 'gltf', 'fbx', 'dae', 'obj', 'ply', 'stl', 'zip'] as const;

/**
 * Which of some files is the model: the best format, the shallowest folder, then the first by name.
 * Undefined when none of them is one.
 */
export function mainFile(paths: readonly string[]): string | undefined {
  const rank = (path: string) => {
    const format = formatOf(path);
    return format === undefined ? -1 : preference.indexOf(format);
  };
  const depth = (path: string) => path.split('/').length;
  return paths
    .filter((path) => rank(path) >= 0)
    .sort((a, b) => rank(a) - rank(b) || depth(a) - depth(b) || a.localeCompare(b))[0];
}

/**
 * The files as the API takes them: the model first, and every path relative to its folder, because that is how a
 * model refers to its textures. What lies outside of that folder keeps its path.
 */
export function relativeTo<T extends { readonly path: string }>(files: readonly T[], main: string): T[] {
  const folder = main.includes('/') ? main.slice(0, main.lastIndexOf('/') + 1) : '';
  const moved = files.map((file) =>
    file.path.startsWith(folder) ? { ...file, path: file.path.slice(folder.length) } : file,
  );
  const first = main.slice(folder.length);
  return [...moved.filter((file) => file.path === first), ...moved.filter((file) => file.path !== first)];
}

/** A name for a render out of a file's name: "crane_v2.glb" becomes "crane_v2". */
export function nameOfFile(path: string): string {
  const file = path.split('/').at(-1) ?? path;
  const dot = file.lastIndexOf('.');
  return dot > 0 ? file.slice(0, dot) : file;
}

/** Finds each missing file among some that were chosen: by its whole path, else by its name, whatever its case. */
export function matchMissing<T extends { readonly path: string }>(
  missing: readonly string[],
  chosen: readonly T[],
): { matched: Map<string, T>; unused: T[] } {
  const matched = new Map<string, T>();
  const left = new Set(chosen);
  const take = (wanted: string, fits: (path: string) => boolean) => {
    if (matched.has(wanted)) return;
    for (const file of left) {
      if (!fits(file.path)) continue;
      matched.set(wanted, file);
      left.delete(file);
      return;
    }
  };
  const base = (path: string) => (path.split('/').at(-1) ?? path).toLowerCase();
  for (const wanted of missing) take(wanted, (path) => path === wanted);
  for (const wanted of missing)
    take(wanted, (path) => path.toLowerCase().endsWith(`/${wanted.toLowerCase()}`));
  for (const wanted of missing) take(wanted, (path) => base(path) === base(wanted));
  return { matched, unused: [...left] };
}
