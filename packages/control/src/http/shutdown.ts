import type { Server } from 'node:http';
import type { Clock } from '@backlot/contract';

/** Something that answers for as long as its client stays, and must be told to end. */
export interface LongAnswer {
  end(): void;
}

/** All answers that would never end by themselves: event streams, log tails, long polls. */
export class LongAnswers {
  readonly #open = new Set<LongAnswer>();
  #closing = false;

  get size(): number {
    return this.#open.size;
  }

  /** Remembers one until the returned function is called. When the server closes already it is ended at once. */
  add(answer: LongAnswer): () => void {
    if (this.#closing) {
      answer.end();
      return () => undefined;
    }
    this.#open.add(answer);
    return () => this.#open.delete(answer);
  }

  endAll(): void {
    this.#closing = true;
    for (const answer of [...this.#open]) answer.end();
  }
}

/**
 * Waits until the server has closed, and cuts the connections that are left when the time is up: uploads go on
 * where they stopped, because they are resumable.
 */
export async function closeWithin(
  server: Server,
  close: () => Promise<void>,
  graceMs: number,
  clock: Clock,
): Promise<void> {
  const cancel = clock.after(graceMs, () => server.closeAllConnections());
  try {
    const closed = close();
    server.closeIdleConnections();
    await closed;
  } finally {
    cancel();
  }
}
