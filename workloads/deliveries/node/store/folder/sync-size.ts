const leastSync = 64 * 1024;
const mostSync = 64 * 1024 * 1024;
/** A sync that takes less is worth a larger one, and one that takes longer a smaller one. Milliseconds. */
const quickMs = 2_000;
const longMs = 10_000;

/** Bytes before the first sync: nothing is known yet of how fast the folder is. */
export const firstSync: number = leastSync;

/**
 * Bytes until what was written is brought to the disk the next time. The system takes bytes at once, and only a sync tells
 * what the disk, or the file server behind it, has taken: one of many bytes would look like silence there. Pure.
 */
export function nextSync(bytes: number, tookMs: number): number {
  if (tookMs < quickMs) return Math.min(mostSync, bytes * 2);
  if (tookMs > longMs) return Math.max(leastSync, bytes / 2);
  return bytes;
}
