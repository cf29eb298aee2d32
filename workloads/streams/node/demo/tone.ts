import { type AudioSource, type MediaTrack, wrtc } from '../webrtc/wrtc.ts';

const sampleRate = 48_000;
/** WebRTC takes sound in pieces of 10 ms. */
const pieceMs = 10;
const samples = (sampleRate * pieceMs) / 1_000;
const pitch = 220;
/** Of 32,767: heard when it is listened for. */
const loudness = 1_200;

/** A quiet tone that swells once a second, so that it can be heard that it goes on. */
export class Tone {
  readonly #source: AudioSource;
  readonly track: MediaTrack;
  readonly #timer: NodeJS.Timeout;
  #at = 0;

  constructor() {
    this.#source = new wrtc.nonstandard.RTCAudioSource();
    this.track = this.#source.createTrack();
    this.#timer = setInterval(() => this.#play(), pieceMs);
  }

  close(): void {
    clearInterval(this.#timer);
    this.track.stop();
  }

  #play(): void {
    const piece = new Int16Array(samples);
    for (let i = 0; i < samples; i += 1) {
      const seconds = (this.#at + i) / sampleRate;
      const swell = 0.5 - 0.5 * Math.cos(2 * Math.PI * seconds);
      piece[i] = Math.round(loudness * swell * Math.sin(2 * Math.PI * pitch * seconds));
    }
    this.#at = (this.#at + samples) % sampleRate;
    this.#source.onData({ samples: piece, sampleRate });
  }
}
