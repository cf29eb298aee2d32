/** Bytes of a packet of an MPEG transport stream (ISO/IEC 13818-1, 2.4.3). */
export const TS_PACKET = 188;
export const SYNC = 0x47;

/**
 * Decoding time of the PES packet that begins at `at`, as it counts (90 kHz, 33 bits): its DTS, else its PTS. Undefined
 * where it has none, or where its header does not lie in these bytes.
 */
export function pesTime(buffer: Buffer, at: number, end: number): number | undefined {
  if (end - at < 14 || buffer[at] !== 0 || buffer[at + 1] !== 0 || buffer[at + 2] !== 1) return undefined;
  const flags = (buffer[at + 7] ?? 0) >> 6;
  if (flags === 2) return stamp(buffer, at + 9);
  if (flags === 3 && end - at >= 19) return stamp(buffer, at + 14);
  return undefined;
}

function stamp(buffer: Buffer, at: number): number {
  return (
    (((buffer[at] ?? 0) >> 1) & 7) * 2 ** 30 +
    (buffer[at + 1] ?? 0) * 2 ** 22 +
    ((buffer[at + 2] ?? 0) >> 1) * 2 ** 15 +
    (buffer[at + 3] ?? 0) * 2 ** 7 +
    ((buffer[at + 4] ?? 0) >> 1)
  );
}

/** Where the elementary stream's own bytes begin behind a PES header at `at`. */
export function pesBody(buffer: Buffer, at: number): number {
  return at + 9 + (buffer[at + 8] ?? 0);
}
