import type { Clock } from '@backlot/contract/clock';
import { WebSocket } from 'ws';

/** A message of the signalling server: an object with a type, whatever else it holds. */
export type SignalMessage = Readonly<Record<string, unknown>> & { readonly type: string };

export interface SignallingLinkOptions {
  readonly url: string;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  onOpen(): void;
  onMessage(message: SignalMessage): void;
  /** The socket has ended; another try follows. */
  onClose(code: number, reason: string): void;
}

/** Between tries: doubled each time, with jitter so that two hundred streamers don't come back in the same moment. */
const firstPauseMs = 250;
const longestPauseMs = 5_000;
/** How often a word is sent, and how long none may come. The server sends pings of its own beside. */
const pingMs = 10_000;
const silentMs = 25_000;
const handshakeMs = 10_000;

/**
 * A streamer's socket to the signalling server, opened again whenever it ends, with the same address: what it shows goes
 * on meanwhile, because media does not pass through here.
 */
export class SignallingLink {
  readonly #options: SignallingLinkOptions;
  #socket: WebSocket | undefined;
  #failures = 0;
  #heardAt = 0;
  #closed = false;
  #cancelTry: () => void = () => {};
  #cancelPing: () => void = () => {};

  constructor(options: SignallingLinkOptions) {
    this.#options = options;
  }

  get connected(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  open(): void {
    const { url, clock, onOpen, onMessage, onClose } = this.#options;
    const socket = new WebSocket(url, { handshakeTimeout: handshakeMs, maxPayload: 4 * 1024 * 1024 });
    this.#socket = socket;
    const heard = () => {
      this.#heardAt = clock.monotonic();
    };
    socket.on('open', () => {
      this.#failures = 0;
      heard();
      this.#watch(socket);
      onOpen();
    });
    socket.on('ping', heard);
    socket.on('message', (bytes) => {
      heard();
      const message = readMessage(bytes.toString());
      if (message) onMessage(message);
    });
    // The close that follows says all that there is to do.
    socket.on('error', () => {});
    socket.on('close', (code, reason) => {
      this.#cancelPing();
      if (this.#closed) return;
      onClose(code, reason.toString());
      this.#again();
    });
  }

  /** False when the socket isn't open; nothing is kept for later. */
  send(message: SignalMessage): boolean {
    if (!this.connected) return false;
    this.#socket?.send(JSON.stringify(message));
    return true;
  }

  close(): void {
    this.#closed = true;
    this.#cancelTry();
    this.#cancelPing();
    this.#socket?.close(1001, 'The application ends.');
    this.#socket?.terminate();
  }

  #again(): void {
    const { clock, random } = this.#options;
    const pause = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    this.#cancelTry = clock.after(pause * (0.5 + random() / 2), () => this.open());
  }

  #watch(socket: WebSocket): void {
    const { clock } = this.#options;
    this.#cancelPing = clock.after(pingMs, () => {
      if (clock.monotonic() - this.#heardAt > silentMs) return void socket.terminate();
      this.send({ type: 'ping', time: clock.now() });
      this.#watch(socket);
    });
  }
}

function readMessage(text: string): SignalMessage | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const type = (value as { type?: unknown } | null)?.type;
    return typeof type === 'string' ? (value as SignalMessage) : undefined;
  } catch {
    return undefined;
  }
}
