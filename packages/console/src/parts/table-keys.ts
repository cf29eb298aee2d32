/**
 * Where a key moves the active row of a list, or undefined when the key is not for moving.
 * `page` is how many rows are in sight.
 */
export function moveFocus(key: string, from: number, count: number, page: number): number | undefined {
  if (count === 0) return undefined;
  const to: Record<string, number> = {
    ArrowDown: from + 1,
    ArrowUp: from - 1,
    j: from + 1,
    k: from - 1,
    PageDown: from + page,
    PageUp: from - page,
    Home: 0,
    End: count - 1,
  };
  const next = to[key];
  return next === undefined ? undefined : Math.min(count - 1, Math.max(0, next));
}
