/** Whether a kind of event is among patterns: `*`, `job.*` (all kinds that begin so), or the kind itself. */
export function matchesKind(patterns: readonly string[], kind: string): boolean {
  return patterns.some(
    (pattern) =>
      pattern === '*' ||
      pattern === kind ||
      (pattern.endsWith('.*') && kind.startsWith(pattern.slice(0, -1))),
  );
}
