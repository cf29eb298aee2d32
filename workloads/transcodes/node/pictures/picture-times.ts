/**
 * A time as people write it (`10%`, `90`, `1:30`, `0:01:30.5`), as milliseconds from the beginning of a film; kept
 * inside it, so that there is a picture to take. Pure.
 */
export function timeIn(text: string, durationMs: number): number {
  const last = Math.max(0, durationMs - 100);
  const wanted = text.endsWith('%')
    ? (durationMs * Number.parseFloat(text)) / 100
    : text.split(':').reduce((sum, part) => sum * 60 + Number.parseFloat(part), 0) * 1000;
  return Math.round(Math.min(last, Math.max(0, wanted)));
}

/** Times in the middle of `count` equal parts of a film. Milliseconds. */
export function evenTimes(count: number, durationMs: number): number[] {
  return Array.from({ length: count }, (_, index) => Math.round(((index + 0.5) * durationMs) / count));
}

/** `h:mm:ss`, for people. */
export function clockOf(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
