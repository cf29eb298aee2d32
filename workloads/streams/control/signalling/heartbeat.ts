import type { Clock } from '@backlot/contract';
import type { SignalSocket } from './signal-socket.ts';

/** So many parts are visited one after the other, so that thousands of pings don't leave at once. */
const slices = 10;

/**
 * Finds peers that are gone without a word: a machine that lost its power, a router that forgot a connection. Every
 * socket is pinged by the WebSocket protocol (RFC 6455 §5.5.2), which browsers and engines answer by themselves, and
 * ended when it has said nothing since the ping before: within twice the interval. The pings also keep proxies from
 * closing idle connections. One timer for all sockets.
 */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #sliceMs: number;
  readonly #slices: Set<SignalSocket>[] = Array.from({ length: slices }, () => new Set());
  readonly #onSilent: () => void;
  #cancel: (() => void) | undefined;
  #next = 0;
  #closed = false;

  constructor(options: { readonly clock: Clock; readonly pingMs: number; readonly onSilent: () => void }) {
    this.#clock = options.clock;
    this.#sliceMs = options.pingMs / slices;
    this.#onSilent = options.onSilent;
  }

  /** Watches a socket until the returned function is called. */
  watch(socket: SignalSocket): () => void {
    // The slice just visited, so that its first ping comes after a whole interval.
    const slice = this.#slices[(this.#next + slices - 1) % slices] as Set<SignalSocket>;
    slice.add(socket);
    if (!this.#cancel && !this.#closed) this.#schedule();
    return () => slice.delete(socket);
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #schedule(): void {
    this.#cancel = this.#clock.after(this.#sliceMs, () => {
      this.#visit(this.#slices[this.#next] as Set<SignalSocket>);
      this.#next = (this.#next + 1) % slices;
      this.#cancel = undefined;
      if (!this.#closed) this.#schedule();
    });
  }

  #visit(sockets: Iterable<SignalSocket>): void {
    for (const socket of sockets) {
      if (socket.heard) {
        socket.heard = false;
        socket.ping();
      } else {
        this.#onSilent();
        socket.terminate();
      }
    }
  }
}
