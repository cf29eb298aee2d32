import { listedGaps, type TrackGap } from '../../contract.ts';

/** The times of one packet, in seconds; undefined is a time that the packet has not. */
export interface PacketTimes {
  readonly pts: number | undefined;
  readonly dts: number | undefined;
  readonly duration: number | undefined;
}

/** Distances between packets are counted by whole milliseconds up to here; what is longer counts as this. */
const longestBinMs = 10_000;
/** A distance is a hole when it is longer than so many usual ones, and by more than jitter of a clock in milliseconds. */
const holeFactor = 1.5;
const jitterMs = 20;

/**
 * What there is to know of one track, packet by packet, in memory that does not grow with the film: how many packets,
 * from when to when, and where nothing was.
 */
export class PacketTally {
  #packets = 0;
  #backwards = 0;
  #startMs = Infinity;
  #endMs = -Infinity;
  #last: number | undefined;
  readonly #distances = new Uint32Array(longestBinMs + 1);
  /** The longest distances, and when they began; the shortest is the last. */
  readonly #longest: { readonly fromMs: number; readonly ms: number }[] = [];

  add({ pts, dts, duration }: PacketTimes): void {
    this.#packets += 1;
    const shown = pts ?? dts;
    if (shown !== undefined) {
      this.#startMs = Math.min(this.#startMs, shown * 1000);
      this.#endMs = Math.max(this.#endMs, (shown + (duration ?? 0)) * 1000);
    }
    if (dts === undefined) return;
    const at = dts * 1000;
    const last = this.#last;
    this.#last = at;
    if (last === undefined) return;
    const distance = at - last;
    if (distance < -0.5) {
      this.#backwards += 1;
      return;
    }
    const bin = Math.min(longestBinMs, Math.max(0, Math.round(distance)));
    this.#distances[bin] = (this.#distances[bin] ?? 0) + 1;
    this.#keep(last, distance);
  }

  get packets(): number {
    return this.#packets;
  }
  /** Packets that come before the one before them. */
  get backwards(): number {
    return this.#backwards;
  }
  /** Milliseconds; 0 when no packet has a time. */
  get startMs(): number {
    return Number.isFinite(this.#startMs) ? round(this.#startMs) : 0;
  }
  get endMs(): number {
    return Number.isFinite(this.#endMs) ? round(this.#endMs) : 0;
  }

  /** The holes of this track: how many, and the longest of them, in order of time, counted from `originMs`. */
  gaps(
    track: number,
    originMs: number,
  ): { readonly count: number; readonly largestMs: number; readonly listed: TrackGap[] } {
    const usual = this.#usualMs();
    const least = Math.max(usual * holeFactor, usual + jitterMs);
    const holes = this.#longest.filter(({ ms }) => ms > least);
    const listed = holes
      .map(({ fromMs, ms }) => ({ track, atMs: round(fromMs - originMs), ms: round(ms - usual) }))
      .sort((one, other) => one.atMs - other.atMs);
    const largestMs = listed.reduce((most, { ms }) => Math.max(most, ms), 0);
    // Those that are not listed are known by their whole milliseconds alone.
    let count = 0;
    for (let bin = Math.ceil(least); bin <= longestBinMs; bin += 1) count += this.#distances[bin] ?? 0;
    return { count: Math.max(count, holes.length), largestMs, listed };
  }

  /** The median of the distances. */
  #usualMs(): number {
    const all = this.#distances.reduce((sum, count) => sum + count, 0);
    let seen = 0;
    for (const [ms, count] of this.#distances.entries()) {
      seen += count;
      if (seen * 2 >= all) return ms;
    }
    return 0;
  }

  #keep(fromMs: number, ms: number): void {
    const list = this.#longest;
    const shortest = list.at(-1);
    if (list.length >= listedGaps && shortest && shortest.ms >= ms) return;
    let place = list.length;
    while (place > 0 && (list[place - 1]?.ms ?? 0) < ms) place -= 1;
    list.splice(place, 0, { fromMs, ms });
    if (list.length > listedGaps) list.pop();
  }
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
