import type { PreviewStream } from './send-preview.ts';

/** Transport streams go on as they are: every segment begins with its tables and a keyframe. */
export class PreviewTs implements PreviewStream {
  #skipping = false;

  feed(bytes: Buffer, begins: boolean): Buffer[] {
    if (begins) this.#skipping = false;
    return this.#skipping ? [] : [Buffer.from(bytes)];
  }

  skip(): void {
    this.#skipping = true;
  }
}
