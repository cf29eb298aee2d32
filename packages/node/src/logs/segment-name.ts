/** The two streams of a process that are kept. */
export type LogStream = 'stdout' | 'stderr';
export const logStreams: readonly LogStream[] = ['stdout', 'stderr'];

/** One file of a log. */
export interface Segment {
  readonly name: string;
  /** Position of its first byte in the stream as the process wrote it. */
  readonly start: number;
  readonly size: number;
}

/** Enough for a petabyte, so that names sort like numbers. */
const digits = 15;

/**
 * A segment's file is named after its stream and the position of its first byte. So a folder tells by itself which
 * bytes are there and which are not, whatever was going on when the machine stopped; there is no index to go wrong.
 */
export function segmentName(stream: LogStream, start: number): string {
  return `${stream}.${String(start).padStart(digits, '0')}`;
}

/** Start of the segment of this name; nothing when the name is not one of this stream's. */
export function segmentStart(stream: LogStream, name: string): number | undefined {
  if (name.length !== stream.length + 1 + digits || !name.startsWith(`${stream}.`)) return undefined;
  const start = Number(name.slice(stream.length + 1));
  return Number.isSafeInteger(start) && start >= 0 ? start : undefined;
}

/**
 * Which segments to remove so that those kept are at most `keep`. The first one stays, because a log's beginning says
 * what was started and how, and the newest stay, because they say how it ended; the middle goes, oldest first.
 */
export function segmentsToRemove(starts: readonly number[], keep: number): number[] {
  const sorted = [...starts].sort((a, b) => a - b);
  const surplus = sorted.length - Math.max(2, keep);
  return surplus > 0 ? sorted.slice(1, 1 + surplus) : [];
}
