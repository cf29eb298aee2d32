/** What ffmpeg says of itself about once a second with `-progress`. */
export interface EncodeProgress {
  /** Pictures written so far. */
  readonly frame: number;
  /** How far the film is, in milliseconds. */
  readonly timeMs: number;
  /** Seconds of film for each second of work; undefined in the first moment. */
  readonly speed: number | undefined;
}

/**
 * The newest whole report in a piece of `-progress` output: lines `name=value`, each report ended by `progress=…`.
 * A piece may begin in the middle of a report, and end there.
 */
export function readProgress(text: string): EncodeProgress | undefined {
  const end = text.lastIndexOf('\nprogress=');
  if (end < 0) return undefined;
  const before = text.lastIndexOf('\nprogress=', end - 1);
  const report = new Map(
    text
      .slice(before + 1, end)
      .split('\n')
      .map((line) => {
        const at = line.indexOf('=');
        return [line.slice(0, at).trim(), line.slice(at + 1).trim()] as const;
      }),
  );
  const number = (name: string) => {
    const value = Number.parseFloat(report.get(name) ?? '');
    return Number.isFinite(value) ? value : undefined;
  };
  // `out_time_ms` is microseconds too, for as long as ffmpeg has had it.
  const micros = number('out_time_us') ?? number('out_time_ms');
  const frame = number('frame');
  if (micros === undefined && frame === undefined) return undefined;
  return { frame: frame ?? 0, timeMs: Math.max(0, (micros ?? 0) / 1000), speed: number('speed') };
}
