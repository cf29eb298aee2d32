const LEAST_MS = 600_000;
/** A disk that gives less is broken: a day of film on a shared drive comes at ten times that. Bytes per millisecond. */
const SLOWEST_DISK = 4_000;

/** How long a program may take to read all of a file of so many bytes. Milliseconds. Pure. */
export function readingLimitMs(bytes: number): number {
  return LEAST_MS + Math.ceil(bytes / SLOWEST_DISK);
}
