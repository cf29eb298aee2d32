/** What one socket may send and keep waiting. */
export interface SocketLimits {
  /** Largest message in bytes; the socket library closes with 1009 before reading more. */
  readonly maxBytes: number;
  /** Messages per second in the long run, each counting one more for every 4 kB. */
  readonly perSecond: number;
  /** So many at once. */
  readonly burst: number;
  /** Bytes that may wait for a reader who does not read. */
  readonly maxQueued: number;
}

/** Everything that signalling limits and how long it waits. Milliseconds and bytes. */
export interface SignallingLimits {
  readonly player: SocketLimits;
  /** A streamer speaks for all of its players: after a restart it may make hundreds of offers at once. */
  readonly streamer: SocketLimits;
  /** Levels of a message. Epic's have two. */
  readonly maxDepth: number;
  /** Every socket is pinged so often, and ended when it said nothing at all in between: found within twice this. */
  readonly pingMs: number;
  /** How long letting somebody in may take, the line before it included. */
  readonly attachMs: number;
  /** Let in at the same time. Fewer than the database has connections, which others need as well. */
  readonly attachesAtOnce: number;
  /** A streamer that has not identified itself by then is one of those that never do (before 5.2). */
  readonly identifyMs: number;
  /** A page that neither asks for a list nor subscribes by then is one of those that never do (before 5.2). */
  readonly subscribeMs: number;
  /** How long the streamer keeps the peer of a player whose socket broke, in case it resumes. */
  readonly resumeMs: number;
  /** How long an open-mode streamer's players wait for it to come back. */
  readonly openReturnMs: number;
  /** How long a streamer may take to answer when another one claims its id in open mode. */
  readonly claimMs: number;
  /** Sockets in open mode, of either kind. */
  readonly openSockets: number;
  /** Requests of our own page that reach the database, per second. */
  readonly requestsPerSecond: number;
}

export const usualLimits: SignallingLimits = {
  player: { maxBytes: 64 * 1024, perSecond: 50, burst: 400, maxQueued: 1024 * 1024 },
  streamer: { maxBytes: 256 * 1024, perSecond: 5_000, burst: 20_000, maxQueued: 16 * 1024 * 1024 },
  maxDepth: 16,
  pingMs: 10_000,
  attachMs: 30_000,
  attachesAtOnce: 8,
  identifyMs: 3_000,
  subscribeMs: 1_500,
  resumeMs: 15_000,
  openReturnMs: 5_000,
  claimMs: 2_000,
  openSockets: 1_000,
  requestsPerSecond: 5,
};
