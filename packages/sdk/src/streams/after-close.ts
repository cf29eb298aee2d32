/** What a player knows when its socket has closed. */
export interface Closed {
  /** Close code, or 1006 when the connection just broke. */
  readonly code: number;
  readonly reason: string;
  /** The server had said that the session has ended, and why. */
  readonly ended: { readonly reason: string; readonly code: string; readonly message: string } | null;
  /** The server had refused to let this player in. */
  readonly refused: { readonly code: string; readonly message: string } | null;
  /** Connections that failed since one last worked. */
  readonly failures: number;
  /** Milliseconds since a connection last worked, or since the first try. */
  readonly downMs: number;
}

export type AfterClose =
  | { readonly kind: 'retry'; readonly afterMs: number }
  | { readonly kind: 'ended'; readonly reason: string; readonly code: string; readonly message: string };

/** A stream that has not come back after so long is given up. The server keeps a session for less. */
export const giveUpAfterMs = 120_000;
/** So often is a refusal for now (full, busy, a fault) met with another try. */
const refusalsTaken = 3;
const longestPauseMs = 8_000;
const comeBackWithinMs = 200;

/**
 * What follows when the socket has closed. Deliberate ends are final: 1001 (session over), 1008 (refused), or any
 * code after the server has said why. Everything else is a fault of the way, which passes: 1012 (server restarts, the
 * session moves, the role changed: at once), 1013 (full: later), 1005 and 1006 (a blip).
 * @param spread 0 to 1; keeps a thousand players that lose one server from returning in one moment.
 */
export function afterClose(closed: Closed, spread: number): AfterClose {
  const { code, ended, refused, failures } = closed;
  if (ended) return { kind: 'ended', ...ended };
  if (code === 1001) return { kind: 'ended', reason: 'ended', code: 'closed', message: closed.reason };
  if (code === 1008 || (refused && code !== 1012 && failures >= refusalsTaken)) {
    return { kind: 'ended', reason: 'refused', ...(refused ?? { code: 'refused', message: closed.reason }) };
  }
  if (closed.downMs >= giveUpAfterMs) {
    return { kind: 'ended', reason: 'unreachable', code: 'unreachable', message: closed.reason };
  }
  if (code === 1012 && failures === 0)
    return { kind: 'retry', afterMs: Math.round(comeBackWithinMs * spread) };
  const shortestMs = code === 1013 ? 2_000 : 250;
  const fullMs = Math.min(shortestMs * 2 ** Math.min(failures, 10), longestPauseMs);
  return { kind: 'retry', afterMs: Math.round(fullMs * (0.5 + spread / 2)) };
}
