/** Sum of the bit rates of these objects' streams; null when nothing flows through any. Pure. */
export function rateOf(
  objects: readonly { readonly stats: readonly Readonly<Record<string, unknown>>[] }[],
  type: 'inbound-rtp' | 'outbound-rtp',
): number | null {
  const rates = objects.flatMap(({ stats }) =>
    stats
      .filter((entry) => entry.type === type && typeof entry.bitrate === 'number')
      .map((entry) => entry.bitrate as number),
  );
  return rates.length === 0 ? null : rates.reduce((sum, rate) => sum + rate, 0);
}
