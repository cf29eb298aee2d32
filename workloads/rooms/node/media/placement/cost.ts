/**
 * What media costs, in packets per second: the honest unit of an SFU, since it is packets that use up a core, not
 * participants and not bits (measured: 18 µs each with encryption; reference/rooms.md 6 and 8.2).
 */

/** One voice: a packet each 20 ms. */
const audioPackets = 50;
/** A picture of about 660 kbit/s at 640×360, and the layers below and above it, lowest first. */
const layersOf: Readonly<Record<number, readonly number[]>> = { 1: [85], 2: [30, 85], 3: [25, 85, 190] };
/** Retransmissions. */
const overhead = 1.1;

export interface Flow {
  readonly kind: 'audio' | 'video';
  readonly paused: boolean;
  /** Spatial layers that the producer sends. */
  readonly layers: number;
  /** Highest one that is forwarded; all when left out, as a pipe does. */
  readonly layer?: number;
}

/** Packets per second that a consumer is expected to send. */
export function packetsOf({ kind, paused, layers, layer }: Flow): number {
  if (paused) return 0;
  if (kind === 'audio') return audioPackets * overhead;
  const table = layersOf[Math.min(3, Math.max(1, layers))] ?? [];
  const sent =
    layer === undefined ? table.reduce((sum, one) => sum + one, 0) : table[Math.min(layer, table.length - 1)];
  return (sent ?? 0) * overhead;
}

/**
 * How full a worker is, in packets per second: what is predicted, or what its CPU says when that is more. A budget is what
 * uses 0.6 of a core here, so a core that is busier than predicted counts in proportion.
 */
export function loadOf(predicted: number, cores: number | null, budget: number): number {
  return Math.max(predicted, cores === null ? 0 : (cores / 0.6) * budget);
}
