/**
 * Numbers of one track over the time between two readings of `getStats()`. Everything that a browser does not tell is
 * null: pages write "–" for it, never 0.
 */
export interface TrackStats {
  /** The producer's id; of an own track also that of what is sent. */
  readonly trackId: string;
  readonly direction: 'in' | 'out';
  readonly kind: 'audio' | 'video';
  /** Bits per second. */
  readonly bitrate: number | null;
  readonly packetsPerSecond: number | null;
  /** 0..1 of the packets that should have come. */
  readonly loss: number | null;
  /** Milliseconds. */
  readonly jitterMs: number | null;
  readonly roundTripMs: number | null;
  readonly framesPerSecond: number | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly framesDecoded: number | null;
  readonly framesDropped: number | null;
  readonly freezes: number | null;
  /** `VP8`, `opus`. */
  readonly codec: string | null;
  /** Encodings that are being sent, of those that there are. */
  readonly activeEncodings: number | null;
  readonly encodings: number | null;
}

/** What is kept of a reading to compare the next one with. */
export interface Reading {
  /** Milliseconds of the browser's clock. */
  readonly at: number;
  readonly bytes: number;
  readonly packets: number;
  readonly lost: number | null;
  readonly frames: number | null;
}

interface Entry {
  readonly id: string;
  readonly type: string;
  readonly timestamp: number;
  readonly [key: string]: unknown;
}

/** What is used of an `RTCStatsReport`. */
export interface Report {
  forEach(visit: (entry: Entry) => void): void;
}

const number = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;
const sum = (entries: readonly Entry[], key: string): number | null => {
  const values = entries.map((entry) => number(entry[key])).filter((value) => value !== null);
  return values.length === 0 ? null : values.reduce((total, value) => total + value, 0);
};

/** Reads the report of one sender or receiver. Pure. */
export function readTrackStats(
  track: { readonly id: string; readonly kind: 'audio' | 'video'; readonly direction: 'in' | 'out' },
  report: Report,
  before: Reading | undefined,
): { readonly stats: TrackStats; readonly reading: Reading } {
  const entries: Entry[] = [];
  report.forEach((entry) => {
    entries.push(entry);
  });
  const incoming = track.direction === 'in';
  const streams = entries.filter(
    (entry) => entry.type === (incoming ? 'inbound-rtp' : 'outbound-rtp') && entry.kind === track.kind,
  );
  const remote = entries.filter((entry) => entry.type === 'remote-inbound-rtp' && entry.kind === track.kind);
  // The largest layer speaks for the picture.
  const main = streams.reduce<Entry | undefined>(
    (best, entry) =>
      best === undefined || (number(entry.frameWidth) ?? 0) > (number(best.frameWidth) ?? 0) ? entry : best,
    undefined,
  );
  const reading: Reading = {
    at: main?.timestamp ?? 0,
    bytes: sum(streams, incoming ? 'bytesReceived' : 'bytesSent') ?? 0,
    packets: sum(streams, incoming ? 'packetsReceived' : 'packetsSent') ?? 0,
    lost: sum(incoming ? streams : remote, 'packetsLost'),
    frames: main ? number(main[incoming ? 'framesDecoded' : 'framesEncoded']) : null,
  };
  const codec = entries.find((entry) => entry.type === 'codec' && entry.id === main?.codecId);
  const jitter = number((incoming ? main : remote[0])?.jitter);
  const roundTrip = roundTripSeconds(entries, remote);
  const active = streams.filter(
    (entry) => entry.active !== false && (number(entry.framesPerSecond) ?? 0) > 0,
  );
  return {
    reading,
    stats: {
      trackId: track.id,
      direction: track.direction,
      kind: track.kind,
      ...rates(before, reading),
      jitterMs: jitter === null ? null : jitter * 1_000,
      roundTripMs: roundTrip === null ? null : roundTrip * 1_000,
      width: number(main?.frameWidth),
      height: number(main?.frameHeight),
      framesDecoded: incoming ? number(main?.framesDecoded) : null,
      framesDropped: incoming ? number(main?.framesDropped) : null,
      freezes: incoming ? number(main?.freezeCount) : null,
      codec: typeof codec?.mimeType === 'string' ? (codec.mimeType.split('/')[1] ?? null) : null,
      activeEncodings: incoming || track.kind === 'audio' ? null : active.length,
      encodings: incoming || track.kind === 'audio' ? null : streams.length,
    },
  };
}

/** Rates between two readings; null for the first one, and where counters were set back (a new transport). Pure. */
export function rates(
  before: Reading | undefined,
  now: Reading,
): Pick<TrackStats, 'bitrate' | 'packetsPerSecond' | 'loss' | 'framesPerSecond'> {
  const seconds = before === undefined ? 0 : (now.at - before.at) / 1_000;
  if (before === undefined || seconds <= 0 || now.bytes < before.bytes || now.packets < before.packets) {
    return { bitrate: null, packetsPerSecond: null, loss: null, framesPerSecond: null };
  }
  const packets = now.packets - before.packets;
  const lost = now.lost === null || before.lost === null ? null : Math.max(0, now.lost - before.lost);
  return {
    bitrate: Math.round(((now.bytes - before.bytes) * 8) / seconds),
    packetsPerSecond: packets / seconds,
    loss: lost === null ? null : lost + packets === 0 ? 0 : lost / (lost + packets),
    framesPerSecond:
      now.frames === null || before.frames === null
        ? null
        : Math.max(0, now.frames - before.frames) / seconds,
  };
}

function roundTripSeconds(entries: readonly Entry[], remote: readonly Entry[]): number | null {
  const pair = entries.find((entry) => entry.type === 'candidate-pair' && entry.nominated === true);
  return number(pair?.currentRoundTripTime) ?? number(remote[0]?.roundTripTime);
}
