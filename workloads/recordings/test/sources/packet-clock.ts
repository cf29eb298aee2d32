import { performance } from 'node:perf_hooks';
import type { Sample, SamplePacket } from './sample.ts';

/**
 * The moment "now" of a live source: hands out the packets of an endless sample when they are due. One clock for all
 * viewers of an origin, as at a real one.
 */
export class PacketClock {
  readonly #sample: Sample;
  readonly #speed: number;
  readonly #onPackets: (packets: readonly SamplePacket[]) => void;
  readonly #startedAt: number;
  #next: number;
  #firstMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: {
    readonly sample: Sample;
    /** Seconds of the source in a second; 1 unless told. */
    readonly speed?: number;
    readonly onPackets: (packets: readonly SamplePacket[]) => void;
    readonly firstPacket?: number;
  }) {
    this.#sample = options.sample;
    this.#speed = options.speed ?? 1;
    this.#onPackets = options.onPackets;
    this.#next = options.firstPacket ?? 0;
    this.#firstMs = this.#sample.packet(this.#next).timestamp;
    this.#startedAt = performance.now();
    this.#tick();
  }

  /** Source time that is due now, in milliseconds. */
  get sourceMs(): number {
    return this.#firstMs + (performance.now() - this.#startedAt) * this.#speed;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const due: SamplePacket[] = [];
    const now = this.sourceMs;
    let packet = this.#sample.packet(this.#next);
    while (packet.timestamp <= now) {
      due.push(packet);
      this.#next += 1;
      packet = this.#sample.packet(this.#next);
    }
    if (due.length > 0) this.#onPackets(due);
    const waitMs = Math.max(1, (packet.timestamp - this.sourceMs) / this.#speed);
    this.#timer = setTimeout(() => this.#tick(), waitMs);
  }
}
