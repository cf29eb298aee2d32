/** Quantities as people type them: "2h", "1h 30m", "500ms"; "10 GB", "256 MiB". Undefined is not one of them. */

const durations = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;

/** Milliseconds of "1h 30m"; a bare number counts seconds. */
export function readDuration(text: string): number | undefined {
  const clean = text.trim().toLowerCase();
  if (/^\d+(\.\d+)?$/.test(clean)) return Math.round(Number(clean) * 1_000);
  if (!/^(\d+(\.\d+)?\s*(d|h|min|m|s|ms)\s*)+$/.test(clean)) return undefined;
  let total = 0;
  for (const [, count, unit = 's'] of clean.matchAll(/(\d+(?:\.\d+)?)\s*(d|h|min|ms|m|s)/g)) {
    total += Number(count) * durations[unit === 'min' ? 'm' : (unit as keyof typeof durations)];
  }
  return Math.round(total);
}

/** The shortest way to type it: "1h 30m". */
export function writeDuration(ms: number): string {
  if (ms <= 0) return '0s';
  const parts: string[] = [];
  let left = Math.round(ms);
  for (const [unit, size] of Object.entries(durations)) {
    const count = Math.floor(left / size);
    if (count > 0) parts.push(`${count}${unit}`);
    left -= count * size;
  }
  return parts.join(' ');
}

/** As flow files write a duration: one number, one unit. */
export function writeFlowDuration(ms: number): string {
  const unit =
    Object.entries(durations).find(([, size]) => ms >= size && ms % size === 0) ?? (['ms', 1] as const);
  return `${Math.round(ms / unit[1])}${unit[0]}`;
}

const sizes: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
};

/** Bytes of "10 GB" or "256 MiB"; a bare number counts bytes. */
export function readSize(text: string): number | undefined {
  const [, count, unit = 'b'] = /^(\d+(?:\.\d+)?)\s*([kmgt]?i?b?)?$/.exec(text.trim().toLowerCase()) ?? [];
  const size = sizes[unit === '' ? 'b' : unit];
  return count === undefined || size === undefined ? undefined : Math.round(Number(count) * size);
}

/** The shortest way to type it that says exactly so many bytes. */
export function writeSize(bytes: number): string {
  for (const [unit, size] of [
    ['TiB', 1024 ** 4],
    ['TB', 1e12],
    ['GiB', 1024 ** 3],
    ['GB', 1e9],
    ['MiB', 1024 ** 2],
    ['MB', 1e6],
    ['KiB', 1024],
    ['kB', 1e3],
  ] as const) {
    if (bytes >= size && (bytes / size) * 10 === Math.round((bytes / size) * 10))
      return `${bytes / size} ${unit}`;
  }
  return `${bytes} B`;
}
