import type { VideoFrame } from '../webrtc/wrtc.ts';
import { drawText } from './font.ts';

/** A colour as brightness and two differences (BT.601, 0..255 each). */
export interface Color {
  readonly y: number;
  readonly u: number;
  readonly v: number;
}

/** From red, green and blue, 0..255 each. */
export function rgb(r: number, g: number, b: number): Color {
  const clamp = (value: number) => Math.max(0, Math.min(255, Math.round(value)));
  return {
    y: clamp(0.299 * r + 0.587 * g + 0.114 * b),
    u: clamp(128 - 0.169 * r - 0.331 * g + 0.5 * b),
    v: clamp(128 + 0.5 * r - 0.419 * g - 0.081 * b),
  };
}

/** A picture in the layout that encoders take (I420), to draw on. Positions are whole pixels; outside is cut off. */
export class Canvas {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  readonly #half: number;
  readonly #u: number;
  readonly #v: number;

  /** Sizes are made even: two pixels share a colour. */
  constructor(width: number, height: number) {
    this.width = Math.max(2, width - (width % 2));
    this.height = Math.max(2, height - (height % 2));
    this.#half = this.width / 2;
    this.#u = this.width * this.height;
    this.#v = this.#u + (this.#half * this.height) / 2;
    this.data = new Uint8Array((this.width * this.height * 3) / 2);
  }

  get frame(): VideoFrame {
    return { width: this.width, height: this.height, data: this.data };
  }

  copyFrom(other: Canvas): void {
    this.data.set(other.data);
  }

  rectangle(left: number, top: number, width: number, height: number, color: Color): void {
    const x0 = Math.max(0, Math.round(left));
    const y0 = Math.max(0, Math.round(top));
    const x1 = Math.min(this.width, Math.round(left + width));
    const y1 = Math.min(this.height, Math.round(top + height));
    if (x0 >= x1 || y0 >= y1) return;
    for (let y = y0; y < y1; y += 1) this.data.fill(color.y, y * this.width + x0, y * this.width + x1);
    for (let y = y0 >> 1; y < (y1 + 1) >> 1; y += 1) {
      const row = y * this.#half;
      this.data.fill(color.u, this.#u + row + (x0 >> 1), this.#u + row + ((x1 + 1) >> 1));
      this.data.fill(color.v, this.#v + row + (x0 >> 1), this.#v + row + ((x1 + 1) >> 1));
    }
  }

  disc(centreX: number, centreY: number, radius: number, color: Color): void {
    for (let dy = -radius; dy <= radius; dy += 1) {
      const reach = Math.sqrt(radius * radius - dy * dy);
      this.rectangle(centreX - reach, centreY + dy, 2 * reach, 1, color);
    }
  }

  /** One line of text; `size` is the edge of a dot in pixels. */
  text(text: string, left: number, top: number, size: number, color: Color): void {
    drawText(text, (x, y) => this.rectangle(left + x * size, top + y * size, size, size, color));
  }

  /** Darkens towards the lower edge, so that a picture without anything in it is still seen to be one. */
  gradient(from: Color, to: Color): void {
    for (let y = 0; y < this.height; y += 2) {
      const part = y / this.height;
      const mix = (a: number, b: number) => a + (b - a) * part;
      this.rectangle(0, y, this.width, 2, {
        y: mix(from.y, to.y),
        u: mix(from.u, to.u),
        v: mix(from.v, to.v),
      });
    }
  }
}
