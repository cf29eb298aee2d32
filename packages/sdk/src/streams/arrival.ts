import type { StatsReport } from './wire.ts';

/** Counters of a peer connection at one moment, as far as a browser gives them. */
export interface Counters {
  readonly atMs: number;
  readonly bytes: number | null;
  readonly packets: number | null;
  readonly lost: number | null;
  readonly framesDecoded: number | null;
  readonly framesDropped: number | null;
  readonly fps: number | null;
  readonly jitterMs: number | null;
  readonly rttMs: number | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly relayed: boolean | null;
}

/** How the stream arrives now, in the units people read, with what the page shows beside what is reported. */
export interface StreamStats extends StatsReport {
  readonly atMs: number;
}

/** What one `getStats()` of the receiving side says (W3C webrtc-stats; names that all engines share). */
export function countersOf(report: Iterable<readonly [string, unknown]>, atMs: number): Counters {
  const all = new Map<string, Map<string, unknown>>();
  for (const [id, entry] of report) {
    if (typeof entry === 'object' && entry !== null) all.set(id, new Map(Object.entries(entry)));
  }
  const entries = [...all.values()];
  const video = entries.find((one) => one.get('type') === 'inbound-rtp' && one.get('kind') === 'video');
  const transport = entries.find((one) => one.get('type') === 'transport');
  const pairs = entries.filter((one) => one.get('type') === 'candidate-pair');
  const pair =
    pairs.find((one) => one.get('id') === transport?.get('selectedCandidatePairId')) ??
    pairs.find((one) => one.get('selected') === true) ??
    pairs.find((one) => one.get('nominated') === true && one.get('state') === 'succeeded');
  const number = (from: Map<string, unknown> | undefined, name: string): number | null => {
    const value = from?.get(name);
    return typeof value === 'number' && Number.isFinite(value) ? value : null;
  };
  const seconds = (value: number | null) => (value === null ? null : value * 1000);
  const typeOf = (id: unknown) => (typeof id === 'string' ? all.get(id)?.get('candidateType') : undefined);
  const local = typeOf(pair?.get('localCandidateId'));
  const remote = typeOf(pair?.get('remoteCandidateId'));
  return {
    atMs,
    bytes: number(video, 'bytesReceived'),
    packets: number(video, 'packetsReceived'),
    lost: number(video, 'packetsLost'),
    framesDecoded: number(video, 'framesDecoded'),
    framesDropped: number(video, 'framesDropped'),
    fps: number(video, 'framesPerSecond'),
    jitterMs: seconds(number(video, 'jitter')),
    rttMs: seconds(number(pair, 'currentRoundTripTime')),
    width: number(video, 'frameWidth'),
    height: number(video, 'frameHeight'),
    relayed: pair === undefined ? null : local === 'relay' || remote === 'relay',
  };
}

/**
 * Rates between two moments. A counter that went back (another peer connection) makes its rate null, not negative.
 */
export function statsBetween(before: Counters | null, now: Counters): StreamStats {
  const seconds = before === null ? 0 : (now.atMs - before.atMs) / 1000;
  const grew = (name: 'bytes' | 'packets' | 'lost' | 'framesDecoded'): number | null => {
    const [from, to] = [before?.[name] ?? null, now[name]];
    return from === null || to === null || to < from ? null : to - from;
  };
  const bytes = grew('bytes');
  const packets = grew('packets');
  const lost = grew('lost');
  const frames = grew('framesDecoded');
  const sent = packets === null || lost === null ? null : packets + lost;
  return {
    atMs: now.atMs,
    bitrateBps: bytes === null || seconds <= 0 ? null : Math.round((bytes * 8) / seconds),
    rttMs: now.rttMs === null ? null : Math.round(now.rttMs * 10) / 10,
    fps: frames !== null && seconds > 0 ? Math.round((frames / seconds) * 10) / 10 : now.fps,
    lostFraction: sent === null || lost === null ? null : sent === 0 ? 0 : lost / sent,
    jitterMs: now.jitterMs === null ? null : Math.round(now.jitterMs * 10) / 10,
    width: now.width,
    height: now.height,
    framesDecoded: now.framesDecoded,
    framesDropped: now.framesDropped,
    relayed: now.relayed,
  };
}
