const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `90s`, `15m`, `2h`, `1d`; undefined for anything else. */
export function durationMs(text: string): number | undefined {
  const found = /^(\d{1,6})(ms|s|m|h|d)$/.exec(text);
  if (!found) return undefined;
  return Number(found[1]) * (units[found[2] as string] as number);
}
