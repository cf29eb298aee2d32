import type { Duplex } from 'node:stream';
import type { Clock } from '@backlot/contract';
import type { WebSocket } from 'ws';
import { type CloseCode, closeCodes, type ServerExtensionInput, type ServerMessage } from '../../contract.ts';
import { writeTogether } from './coalesce.ts';
import type { SocketLimits } from './limits.ts';
import { TokenBucket } from './token-bucket.ts';

/** RFC 6455 §5.5: a control frame holds 125 bytes, two of them the code. */
const maxReasonBytes = 123;
/** A reader that is too slow for its messages does not read the close either. */
const cutMs = 2_000;

/**
 * One WebSocket of a player or a streamer, with its limits: what it may send, and how much may wait for it. Holds
 * nothing else, because there are thousands.
 */
export class SignalSocket {
  /** Whether anything came since the last ping. */
  heard = true;
  readonly #socket: WebSocket;
  readonly #transport: Duplex;
  readonly #limits: SocketLimits;
  readonly #clock: Clock;
  readonly #bucket: TokenBucket;
  #tooSlow: (() => void) | undefined;

  /** @param transport the connection below the WebSocket. */
  constructor(socket: WebSocket, transport: Duplex, limits: SocketLimits, clock: Clock) {
    this.#socket = socket;
    this.#transport = transport;
    this.#limits = limits;
    this.#clock = clock;
    this.#bucket = new TokenBucket(limits.perSecond, limits.burst, clock.monotonic());
    socket.on('pong', () => {
      this.heard = true;
    });
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /** What to do when the other end reads too slowly. Set once, by whoever knows which words to close with. */
  onTooSlow(act: () => void): void {
    this.#tooSlow = act;
  }

  /** Counts a message against the pace. False when it is one too many. */
  admit(bytes: number): boolean {
    this.heard = true;
    return this.#bucket.take(1 + bytes / 4_096, this.#clock.monotonic());
  }

  /** Hands bytes on as one text frame. They must be UTF-8. */
  relay(bytes: Buffer): void {
    if (!this.isOpen) return;
    if (this.#socket.bufferedAmount > this.#limits.maxQueued) {
      this.#tooSlow?.();
      return;
    }
    writeTogether(this.#transport);
    this.#socket.send(bytes, asText);
  }

  say(message: ServerMessage | ServerExtensionInput): void {
    this.relay(Buffer.from(JSON.stringify(message)));
  }

  ping(): void {
    if (this.isOpen) this.#socket.ping();
  }

  /** Whether the other end answers a ping within `ms`. */
  probe(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (alive: boolean) => {
        cancel();
        this.#socket.off('pong', onPong);
        resolve(alive);
      };
      const onPong = () => settle(true);
      const cancel = this.#clock.after(ms, () => settle(false));
      this.#socket.on('pong', onPong);
      this.ping();
    });
  }

  /** Closes with a sentence. One that does not answer is cut off by the heartbeat. */
  close(code: CloseCode, sentence: string): void {
    this.#socket.close(code, fitReason(sentence));
    if (code === closeCodes.later) this.#clock.after(cutMs, () => this.#socket.terminate());
  }

  /** Ends it without a goodbye: for a peer that is not there any more. */
  terminate(): void {
    this.#socket.terminate();
  }
}

const asText = { binary: false };

/** As much of a sentence as a close frame holds, cut between characters. */
export function fitReason(sentence: string): string {
  if (Buffer.byteLength(sentence) <= maxReasonBytes) return sentence;
  let text = '';
  let bytes = Buffer.byteLength('…');
  for (const character of sentence) {
    bytes += Buffer.byteLength(character);
    if (bytes > maxReasonBytes) break;
    text += character;
  }
  return `${text}…`;
}
