import type { FlvTagHead } from '../flv/tag-head.ts';
import { flvTagTypes } from '../flv/tag-head.ts';
import { type FlvSink, FlvTagReader } from '../flv/tag-reader.ts';
import type { PreviewStream } from './send-preview.ts';

/** Makes one FLV stream of segments: one header, times that go on, and after a skip the next keyframe. */
export class PreviewFlv implements PreviewStream, FlvSink {
  #reader = new FlvTagReader(this);
  #out: Buffer[] = [];
  #headSent = false;
  #baseMs = 0;
  #zero: number | undefined;
  #keep = false;
  #waitsForKey = false;

  feed(bytes: Buffer, begins: boolean, baseMs: number): Buffer[] {
    this.#out = [];
    this.#baseMs = baseMs;
    this.#zero ??= baseMs;
    if (begins) {
      // A new file: its header is passed over, the tags behind it go on.
      this.#reader = new FlvTagReader(this);
      if (!this.#headSent) this.#out.push(Buffer.from(bytes.subarray(0, 13)));
      this.#headSent = true;
    }
    // The recorder still writes these bytes, and times are changed here.
    this.#reader.push(Buffer.from(bytes));
    const out = this.#out;
    this.#out = [];
    return out;
  }

  skip(): void {
    this.#waitsForKey = true;
  }

  tag(head: FlvTagHead): void {
    if (head.role === 'key') this.#waitsForKey = false;
    this.#keep = head.role === 'config' || head.type === flvTagTypes.script || !this.#waitsForKey;
    if (this.#keep) head.setTimestamp(Math.max(0, head.timestamp + this.#baseMs - (this.#zero ?? 0)));
  }

  bytes(buffer: Buffer, start: number, end: number): void {
    if (this.#keep) this.#out.push(buffer.subarray(start, end));
  }

  tagEnd(): void {}

  skipped(): void {}
}
