import type { FlvTagHead } from './tag-head.ts';

/** Keyframes that are remembered; BililiveRecorder's measure. */
const REMEMBERED = 16;

/**
 * Servers send a group of pictures again after a hiccup. It is known by its keyframe (time, size and first bytes), and
 * then everything up to what was already there is left out.
 */
export class KeyframeMemory {
  readonly #times = new Float64Array(REMEMBERED).fill(-1);
  readonly #signatures = new Float64Array(REMEMBERED);
  #next = 0;
  #repeating = false;
  /** Time of the newest frame of picture and sound, as the source counts. */
  readonly #newest: [number, number] = [-1, -1];

  /** Was this frame there already? Must be asked of every frame, in order. */
  isRepeated(head: FlvTagHead, stream: number): boolean {
    const newest = this.#newest[stream] ?? -1;
    if (!this.#repeating) {
      if (head.role !== 'key' || head.timestamp > newest || !this.#knows(head)) return false;
      this.#repeating = true;
      return true;
    }
    if (head.timestamp <= newest) return true;
    this.#repeating = false;
    return false;
  }

  /** A frame that is kept. */
  note(head: FlvTagHead, stream: number): void {
    this.#newest[stream] = head.timestamp;
    if (head.role !== 'key') return;
    this.#times[this.#next] = head.timestamp;
    this.#signatures[this.#next] = head.signature();
    this.#next = (this.#next + 1) % REMEMBERED;
  }

  clear(): void {
    this.#times.fill(-1);
    this.#repeating = false;
    this.#newest.fill(-1);
  }

  #knows(head: FlvTagHead): boolean {
    const signature = head.signature();
    for (let index = 0; index < REMEMBERED; index++)
      if (this.#times[index] === head.timestamp && this.#signatures[index] === signature) return true;
    return false;
  }
}
