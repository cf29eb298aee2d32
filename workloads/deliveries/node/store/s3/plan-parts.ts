/** S3 takes at most 10,000 parts (AWS, "Multipart upload limits"). */
const mostParts = 10_000;

export interface PlannedPart {
  readonly number: number;
  readonly start: number;
  /** Excluded. */
  readonly end: number;
}

/** Bytes of each part but the last: as asked, or as much more as keeps their number within what S3 takes. */
export function partSizeOf(size: number, wanted: number): number {
  const mebibyte = 1024 ** 2;
  const least = Math.ceil(size / mostParts / mebibyte) * mebibyte;
  return Math.max(wanted, least);
}

/** The parts of a file. An empty file has one, which is empty. */
export function planParts(size: number, partSize: number): PlannedPart[] {
  const count = Math.max(1, Math.ceil(size / partSize));
  return Array.from({ length: count }, (_, index) => ({
    number: index + 1,
    start: index * partSize,
    end: Math.min((index + 1) * partSize, size),
  }));
}
