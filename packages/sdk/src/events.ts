import { Event, LiveUpdate } from '@backlot/contract/api/events';
import { ApiError, UnreachableError } from './errors.ts';
import { EventStreamParser, type StreamMessage } from './event-stream.ts';
import type { CallOptions, Transport } from './transport.ts';

/** What comes over the live stream: facts that are stored and replayed, and updates that only pass by. */
export type StreamItem =
  | { readonly type: 'event'; readonly event: Event }
  | { readonly type: 'live'; readonly update: LiveUpdate }
  /**
   * The connection stands. With `resumed: false` events may have been missed (the first connection, or the
   * server could not replay from where we were): read again what is shown.
   */
  | { readonly type: 'open'; readonly resumed: boolean }
  /** The connection is gone; the next try is in `retryMs`. */
  | { readonly type: 'closed'; readonly retryMs: number; readonly error: Error };

export interface StreamOptions {
  readonly query?: CallOptions['query'];
  /** Sequence number to replay after, as the last run of this reader remembered it. */
  readonly after?: number;
  /** Ends the stream; the iterator then simply finishes. */
  readonly signal?: AbortSignal;
}

const path = '/api/v1/events/stream';
/** The server sends a comment every 15 s; three missing ones mean that the path is dead although TCP has not noticed. */
const silenceMs = 45_000;
const firstRetryMs = 500;
const longestRetryMs = 30_000;

/**
 * The live stream, for as long as the reader reads: it connects again after every break, with a growing pause,
 * and resumes after the last event it saw (`Last-Event-ID`). An answer that will not get better by itself
 * (401, 403, 404) ends it with that error.
 *
 * It is built on `fetch` and not on `EventSource`, which can send no token and hides why it fails.
 */
export async function* streamEvents(
  transport: Transport,
  options: StreamOptions = {},
): AsyncGenerator<StreamItem, void, undefined> {
  const { signal } = options;
  let lastId = options.after === undefined ? '' : String(options.after);
  let serverRetryMs: number | undefined;
  let failures = 0;
  while (!signal?.aborted) {
    const connection = new AbortController();
    const ended = signal ? AbortSignal.any([signal, connection.signal]) : connection.signal;
    let error: Error = new Error('The server closed the stream.');
    try {
      const response = await transport.send('GET', path, {
        ...(options.query === undefined ? {} : { query: options.query }),
        headers: { accept: 'text/event-stream', ...(lastId === '' ? {} : { 'last-event-id': lastId }) },
        signal: ended,
      });
      yield { type: 'open', resumed: lastId !== '' };
      failures = 0;
      const parser = new EventStreamParser();
      for await (const message of messages(response, parser, transport, connection)) {
        if (message.id !== '') lastId = message.id;
        const item = read(message);
        if (item) yield item;
      }
      serverRetryMs = parser.retryMs ?? serverRetryMs;
    } catch (caught) {
      if (signal?.aborted) return;
      if (isFinal(caught)) throw caught;
      error = caught instanceof Error ? caught : new Error(String(caught));
    } finally {
      connection.abort();
    }
    failures += 1;
    const retryMs = pauseMs(failures, serverRetryMs ?? firstRetryMs, transport.random());
    yield { type: 'closed', retryMs, error };
    await transport.clock.sleep(retryMs, signal).catch(() => undefined);
  }
}

async function* messages(
  response: Response,
  parser: EventStreamParser,
  transport: Transport,
  connection: AbortController,
): AsyncGenerator<StreamMessage, void, undefined> {
  if (!response.body) return;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const stopWatch = transport.clock.after(silenceMs, () =>
        connection.abort(new UnreachableError(response.url, 'timeout', new Error('no sign of life'))),
      );
      const { done, value } = await reader.read().finally(stopWatch);
      if (done) return;
      yield* parser.feed(decoder.decode(value, { stream: true }));
    }
  } finally {
    // A reader that stops early leaves the body open; nobody else would close it.
    await reader.cancel().catch(() => undefined);
  }
}

/** A message of a kind that this release does not know is left out, so that a newer server can add some. */
function read(message: StreamMessage): StreamItem | undefined {
  let data: unknown;
  try {
    data = JSON.parse(message.data);
  } catch {
    return undefined;
  }
  if (message.event === 'live') {
    const update = LiveUpdate.safeParse(data).data;
    return update ? { type: 'live', update } : undefined;
  }
  const event = Event.safeParse(data).data;
  return event ? { type: 'event', event } : undefined;
}

function isFinal(error: unknown): boolean {
  return error instanceof ApiError && error.status < 500 && error.status !== 429 && error.status !== 408;
}

function pauseMs(failures: number, baseMs: number, random: number): number {
  const fullMs = Math.min(baseMs * 2 ** Math.min(failures - 1, 10), longestRetryMs);
  return fullMs * (0.75 + random / 4);
}
