import { TextDecoder } from 'node:util';
import type { Clock } from '@backlot/contract';
import { type LogDeps, type LogPiece, type LogQuestion, readLog } from './read-log.ts';

/** Milliseconds between two looks when nothing was new. */
const pauseMs = 500;
/** A comment keeps proxies from closing a stream on which nothing happens. */
const keepAliveMs = 15_000;

/**
 * A log as server-sent events, from `from` on until the attempt has ended: `event: log` with the text and the
 * position to go on from as its id, so that a browser that reconnects misses nothing; `event: end` at the end. Ends
 * by itself when `signal` is aborted.
 */
export async function* streamLog(
  deps: LogDeps & { readonly clock: Clock },
  question: LogQuestion,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  // A character may be cut by the end of a piece; the decoder keeps its beginning for the next one.
  const decoder = new TextDecoder('utf-8');
  let from = question.from;
  let quietSince = deps.clock.monotonic();
  while (!signal.aborted) {
    const piece = await readLog(deps, { ...question, from }, signal).catch((error: unknown) => {
      if (signal.aborted || isTemporary(error)) return undefined;
      throw error;
    });
    if (piece && piece.bytes.length > 0) {
      from = piece.next;
      quietSince = deps.clock.monotonic();
      yield eventOf(piece, decoder);
      continue;
    }
    if (piece?.ended) {
      yield `event: end\nid: ${piece.next}\ndata: {}\n\n`;
      return;
    }
    if (piece) from = piece.next;
    if (deps.clock.monotonic() - quietSince >= keepAliveMs) {
      quietSince = deps.clock.monotonic();
      yield ': nothing new\n\n';
    }
    await deps.clock.sleep(pauseMs, signal).catch(() => undefined);
  }
}

function eventOf(piece: LogPiece, decoder: TextDecoder): string {
  const text = decoder.decode(piece.bytes, { stream: true });
  return `event: log\nid: ${piece.next}\ndata: ${JSON.stringify({ text, from: piece.from, next: piece.next })}\n\n`;
}

function isTemporary(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'log_not_available';
}
