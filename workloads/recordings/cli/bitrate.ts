/** Bits per second in decimal units, as networks count: `3.1 Mbit/s`. Nothing where it is not known. */
export function bitrate(bitsPerSecond: number | undefined): string {
  if (bitsPerSecond === undefined) return '';
  return bitsPerSecond >= 1e6
    ? `${(bitsPerSecond / 1e6).toFixed(1)} Mbit/s`
    : `${Math.round(bitsPerSecond / 1e3)} kbit/s`;
}
