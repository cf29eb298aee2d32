import { randomBytes } from 'node:crypto';
import { ProtocolError } from './protocol-error.ts';

const part = 1_536;

/**
 * The simple handshake (RTMP 1.0, 5.2), which every publisher of today takes: OBS, ffmpeg, GStreamer, hardware encoders.
 * The digests that Flash Player wanted are not made; encryption (version 6) is refused: that is what RTMPS is for.
 */
export class Handshake {
  #held: Buffer[] = [];
  #length = 0;
  #answered = false;

  /**
   * Takes bytes in any slices.
   * @returns what to send, and, when it is over, the bytes that follow it
   */
  push(chunk: Buffer): { reply?: Buffer; rest?: Buffer } {
    if (this.#length === 0 && chunk.length > 0 && chunk[0] !== 3)
      throw new ProtocolError('This is no RTMP, or an encrypted kind that nobody uses any more.');
    this.#held.push(chunk);
    this.#length += chunk.length;
    if (this.#length < 1 + part) return {};
    const all = Buffer.concat(this.#held);
    this.#held = [all];
    let reply: Buffer | undefined;
    if (!this.#answered) {
      this.#answered = true;
      const own = randomBytes(part);
      own.fill(0, 0, 8);
      reply = Buffer.concat([Buffer.from([3]), own, all.subarray(1, 1 + part)]);
    }
    const over = 1 + 2 * part;
    return {
      ...(reply ? { reply } : {}),
      ...(all.length >= over ? { rest: all.subarray(over) } : {}),
    };
  }
}
