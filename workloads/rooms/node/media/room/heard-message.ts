import type { MediaEvent } from '../../../contract/media/events.ts';

/** Characters of a text, and bytes of anything else, that control is told of a message. */
export const heardLength = 1_000;
/** Messages of one channel that control is told each second. */
export const heardPerSecond = 20;
/** No character takes more than four bytes. */
const mostBytes = heardLength * 4;

type Body = Pick<Extract<MediaEvent, { event: 'dataMessage' }>, 'text' | 'base64'>;

/** What control is told of a message: its beginning. All of it may be a thousand times what anybody says to a bot. */
export function heardBody(message: Buffer, ppid: number): Body {
  // WebRTC's payload protocol ids for text are 51 and 56 (RFC 8831, 8).
  if (ppid !== 51 && ppid !== 56) return { base64: message.subarray(0, heardLength).toString('base64') };
  return { text: message.subarray(0, mostBytes).toString('utf8').slice(0, heardLength) };
}

/** Whether one more message of a channel is told: so many in each second, the others are passed over. */
export class HearingRate {
  #since = Number.NEGATIVE_INFINITY;
  #heard = 0;

  /** @param now milliseconds that only grow */
  take(now: number): boolean {
    if (now - this.#since >= 1_000) {
      this.#since = now;
      this.#heard = 0;
    }
    this.#heard += 1;
    return this.#heard <= heardPerSecond;
  }
}
