type Path = readonly (string | number)[];

/** All texts of a value, with the place of each. */
export function textsOf(value: unknown, path: Path, depth = 0): [string, Path][] {
  if (typeof value === 'string') return [[value, path]];
  if (typeof value !== 'object' || value === null || depth > 20) return [];
  const entries: [string | number, unknown][] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value);
  return entries.flatMap(([key, one]) => textsOf(one, [...path, key], depth + 1));
}
