import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { Clock } from '@backlot/contract';
import type { FastifyReply, FastifyRequest } from 'fastify';

const idleCheckMs = 25;

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

/** Takes every server-sent stream that a handler answers with into our hands, so that nobody has to think of it. */
export function ownStreams(answers: LongAnswers) {
  return async (_request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> => {
    const type = String(reply.getHeader('content-type') ?? '');
    if (payload instanceof Readable && type.startsWith('text/event-stream')) {
      payload.once('close', answers.add({ end: () => payload.destroy() }));
    }
    return payload;
  };
}

/**
 * The connections of a server, and which of them are answering. Node's own `closeIdleConnections` leaves those
 * alone that have never sent a request, and they would hold the server for as long as they like.
 */
export class Connections {
  readonly #open = new Set<Socket>();
  readonly #answering = new Map<Socket, number>();

  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      this.#open.add(socket);
      socket.once('close', () => this.#open.delete(socket));
    });
    // An upgraded connection is no longer ours; see SocketRoutes.
    server.on('upgrade', (request: IncomingMessage) => this.#open.delete(request.socket));
    server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
      this.#answering.set(socket, (this.#answering.get(socket) ?? 0) + 1);
      response.once('close', () => {
        const left = (this.#answering.get(socket) ?? 1) - 1;
        if (left > 0) this.#answering.set(socket, left);
        else this.#answering.delete(socket);
      });
    });
  }

  /** Ends those on which nothing is being answered. */
  closeIdle(): void {
    for (const socket of this.#open) {
      if (!this.#answering.has(socket)) socket.destroySoon();
    }
  }

  /** Cuts all of them. */
  cut(): void {
    for (const socket of this.#open) socket.destroy();
  }
}

/**
 * Waits until the server has closed, and cuts the connections that are left when the time is up: uploads go on
 * where they stopped, because they are resumable.
 */
export async function closeWithin(
  connections: Connections,
  close: () => Promise<void>,
  graceMs: number,
  clock: Clock,
): Promise<void> {
  const cancel = clock.after(graceMs, () => connections.cut());
  const closed = new AbortController();
  const hangUp = async () => {
    // Also those that become idle from now on: they would wait for a request that we no longer want.
    while (!closed.signal.aborted) {
      connections.closeIdle();
      await clock.sleep(idleCheckMs, closed.signal).catch(() => undefined);
    }
  };
  try {
    const closing = close();
    void hangUp();
    await closing;
  } finally {
    closed.abort();
    cancel();
  }
}
