import type { HlsSegment, MediaPlaylist } from './playlist.ts';

/** What to do with a playlist, given what is there already. */
export interface NextPieces {
  readonly fetch: readonly HlsSegment[];
  /** Pieces that left the window before they could be had; inclusive. */
  readonly missed: { readonly from: number; readonly to: number; readonly ms: number } | undefined;
  /** The server counts anew: what was known of numbers is worth nothing. */
  readonly restarted: boolean;
  /** All of it was had, and newer pieces too: another edge server's older copy, or one that counts anew. */
  readonly behind: boolean;
}

/** What is known of pieces that were had, beside the number of the next one. */
export interface PiecesSoFar {
  /** Number of the piece that is wanted next; undefined at the first look. */
  readonly next: number | undefined;
  /** `fileName` of pieces, by number. */
  readonly names?: ReadonlyMap<number, string>;
  /** When the newest piece that was had was made, as its server says. Milliseconds since 1970. */
  readonly madeAt?: number | undefined;
  /** Playlists have been `behind`, and new pieces have come to them, for so long. Milliseconds. */
  readonly behindMs?: number;
  /** A piece of the list has other bytes than the one that was had under its number. */
  readonly anew?: boolean;
}

/** Nobody misses more than a day of a live source: a server that jumps ahead by more has lost count. Milliseconds. */
const MOST_MISSED_MS = 86_400_000;
/** A playlist may be so many pieces older than the one before (another edge server) without counting anew. */
const STALE = 30;
/** An edge server that is late has come to where the others were after so many pieces; one that counts anew has not. */
const LATE = 3;

/**
 * Which pieces come next: all behind the last one, in order; at the first look the newest three. Where the numbers begin anew
 * (an encoder that was started again), all that the list has is new. Pure.
 */
export function nextPieces(playlist: MediaPlaylist, so: PiecesSoFar): NextPieces {
  const { segments } = playlist;
  const { next } = so;
  const first = segments[0];
  const last = segments.at(-1);
  const none = { fetch: [], missed: undefined, restarted: false, behind: false };
  if (!first || !last) return none;
  if (next === undefined) return { ...none, fetch: playlist.ended ? segments : segments.slice(-3) };
  const behind = last.sequence < next - 1;
  if (so.anew || (behind && countsAnew(playlist, last, next, so))) {
    return { ...none, fetch: segments.slice(-STALE), restarted: true };
  }
  if (behind) return { ...none, behind: true };
  const fetch = segments.filter(({ sequence }) => sequence >= next);
  if (first.sequence <= next) return { ...none, fetch };
  const usual = segments.reduce((sum, { durationMs }) => sum + durationMs, 0) / segments.length;
  const ms = Math.min(MOST_MISSED_MS, (first.sequence - next) * usual);
  const missed = { from: next, to: first.sequence - 1, ms };
  return { ...none, fetch, missed };
}

function countsAnew(
  { segments, targetMs }: MediaPlaylist,
  last: HlsSegment,
  next: number,
  { names, madeAt, behindMs = 0 }: PiecesSoFar,
): boolean {
  if (next - last.sequence > STALE) return true;
  if (madeAt !== undefined && last.madeAt !== undefined) return last.madeAt > madeAt;
  // A number that was had already names another piece now.
  const others = segments.some(({ sequence, uri }) => {
    const known = names?.get(sequence);
    return known !== undefined && known !== fileName(uri);
  });
  return others || behindMs > LATE * targetMs;
}

/** The last part of an address: hosts, folders and queries carry tokens that change from one list to the next. */
export const fileName = (uri: string): string => uri.replace(/[?#].*$/s, '').replace(/^.*\//s, '');
