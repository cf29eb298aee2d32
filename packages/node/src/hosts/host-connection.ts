import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Clock } from '@backlot/contract/clock';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { kernelErrors } from '@backlot/contract/errors/kernel';
import { nodeErrors } from '@backlot/contract/errors/node';
import {
  type HostEvent,
  HostMessage,
  type HostReply,
  type HostRequest,
} from '@backlot/contract/host/protocol';

/** A request without its number. */
export type HostOrder = HostRequest extends infer R
  ? R extends { id: number }
    ? Omit<R, 'id'>
    : never
  : never;

export interface HostConnectionOptions {
  /** The host's kind, for messages. */
  readonly kind: string;
  readonly path: string;
  readonly clock: Clock;
  onEvent(event: HostEvent): void;
  /** The connection is gone; asked again never. */
  onClose(): void;
}

/** The agent's end of the socket to a host: requests with deadlines, and what the host says by itself. */
export class HostConnection {
  readonly #options: HostConnectionOptions;
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (reply: HostReply | undefined) => void>();
  #nextId = 1;

  private constructor(options: HostConnectionOptions, socket: Socket) {
    this.#options = options;
    this.#socket = socket;
    const lines = createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY });
    lines.on('error', () => {});
    lines.on('line', (line) => this.#take(line));
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      for (const answer of [...this.#waiting.values()]) answer(undefined);
      options.onClose();
    });
  }

  /** Connects; rejects when nobody listens there. */
  static open(options: HostConnectionOptions): Promise<HostConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(options.path);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new HostConnection(options, socket));
      });
    });
  }

  /**
   * Asks the host. Throws `timed_out` after the deadline, `host_refused` when the host says no, `host_unavailable` when the
   * connection is lost before the answer; whether the host has done it is then unknown.
   */
  async request(order: HostOrder, deadlineMs: number): Promise<unknown> {
    const id = this.#nextId++;
    const { kind, clock } = this.#options;
    const reply = await new Promise<HostReply | undefined>((resolve, reject) => {
      const cancel = clock.after(deadlineMs, () => {
        this.#waiting.delete(id);
        reject(
          new BacklotError(kernelErrors.timed_out, {
            params: { what: `host ${kind}`, seconds: deadlineMs / 1000 },
          }),
        );
      });
      this.#waiting.set(id, (answer) => {
        cancel();
        this.#waiting.delete(id);
        resolve(answer);
      });
      if (this.#socket.writable) this.#socket.write(`${JSON.stringify({ id, ...order })}\n`);
      else this.#waiting.get(id)?.(undefined);
    });
    if (!reply) {
      const params = { host: kind, reason: 'it has closed the connection', seconds: 1 };
      throw new BacklotError(nodeErrors.host_unavailable, { params });
    }
    if (reply.ok) return reply.payload;
    const params = {
      host: kind,
      method: 'method' in order ? order.method : order.t,
      reason: reply.error.message,
    };
    throw new BacklotError(nodeErrors.host_refused, { params });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(line: string): void {
    let message: HostMessage;
    try {
      message = HostMessage.parse(JSON.parse(line));
    } catch {
      // A host that talks nonsense can't be trusted to have understood either.
      this.#socket.destroy();
      return;
    }
    if ('event' in message) this.#options.onEvent(message);
    else this.#waiting.get(message.id)?.(message);
  }
}
