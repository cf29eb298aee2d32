import type { VideoFrame } from '../webrtc/wrtc.ts';
import { Canvas, type Color, rgb } from './canvas.ts';
import { codeHeight, drawFrameNumber } from './frame-code.ts';
import type { Scene } from './scene.ts';

/** What stands in the picture beside what people did. */
export interface Caption {
  readonly frame: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly name: string;
  readonly viewers: number;
  readonly resets: number;
  readonly black: boolean;
}

const sky = rgb(24, 34, 64);
const ground = rgb(78, 46, 92);
const white = rgb(255, 255, 255);
const black = rgb(0, 0, 0);
const muted = rgb(190, 196, 216);
const orange = rgb(255, 150, 40);
const handColors = [rgb(80, 220, 255), rgb(255, 90, 140), rgb(140, 255, 120), rgb(255, 230, 90)];

/** Seconds from one edge to the other: two numbers without a common factor, so that the way never repeats quickly. */
const crossing = { x: 3.1, y: 2.3 };

/** Goes from 0 to 1 and back. */
function toAndFro(seconds: number, period: number): number {
  const phase = (seconds / period) % 2;
  return phase < 1 ? phase : 2 - phase;
}

/** Draws the demo's picture: always moving, with a number in every frame that tests can read. */
export class Painter {
  readonly #canvas: Canvas;
  readonly #background: Canvas;
  readonly #dot: number;

  constructor(width: number, height: number) {
    this.#canvas = new Canvas(width, height);
    this.#background = new Canvas(width, height);
    this.#background.gradient(sky, ground);
    this.#dot = Math.max(1, Math.round(this.#canvas.height / 120));
  }

  paint(scene: Scene, caption: Caption): VideoFrame {
    const canvas = this.#canvas;
    if (caption.black) {
      canvas.rectangle(0, 0, canvas.width, canvas.height, black);
      return canvas.frame;
    }
    canvas.copyFrom(this.#background);
    this.#ball(caption.now / 1_000);
    this.#words(scene, caption);
    for (const { x, y } of scene.marks) {
      const size = 3 * this.#dot;
      canvas.rectangle(x * canvas.width - size / 2, y * canvas.height - size / 2, size, size, orange);
    }
    for (const [i, hand] of scene.hands.entries()) {
      const color = handColors[i % handColors.length] ?? white;
      for (const { x, y } of hand.touches.values())
        canvas.disc(x * canvas.width, y * canvas.height, 6 * this.#dot, color);
      if (hand.pointer) this.#pointer(hand.pointer, hand.buttons.size > 0, color);
    }
    drawFrameNumber(caption.frame, canvas.width, (from, to, isWhite) =>
      canvas.rectangle(from, 0, to - from, codeHeight(canvas.height), isWhite ? white : black),
    );
    return canvas.frame;
  }

  #ball(seconds: number): void {
    const { width, height } = this.#canvas;
    const radius = height / 10;
    const top = codeHeight(height) + radius;
    const x = radius + toAndFro(seconds, crossing.x) * (width - 2 * radius);
    const y = top + toAndFro(seconds, crossing.y) * (height - top - radius);
    this.#canvas.disc(x, y, radius, orange);
    this.#canvas.disc(x - radius / 3, y - radius / 3, radius / 4, rgb(255, 220, 170));
  }

  #words(scene: Scene, { now, name, viewers, resets }: Caption): void {
    const { height } = this.#canvas;
    const dot = this.#dot;
    const left = 4 * dot;
    let top = codeHeight(height) + 4 * dot;
    const line = (text: string, size: number, color: Color) => {
      this.#canvas.text(text, left, top, size, color);
      top += 8 * size;
    };
    line(new Date(now).toISOString().slice(11, 22), 3 * dot, white);
    line(`BACKLOT DEMO ${name}`, dot, muted);
    line(`VIEWERS ${viewers}  RESETS ${resets}  INPUTS ${scene.inputs}  WHEEL ${scene.wheel}`, dot, muted);
    line(scene.last, dot, muted);
    const keys = [...scene.heldKeys].map((key) => `[${key}]`).join(' ');
    this.#canvas.text(`${scene.typed}_ ${keys}`, left, height - 14 * dot, 2 * dot, white);
  }

  #pointer({ x, y }: { x: number; y: number }, pressed: boolean, color: Color): void {
    const { width, height } = this.#canvas;
    const reach = (pressed ? 8 : 5) * this.#dot;
    const thick = Math.max(1, this.#dot);
    this.#canvas.rectangle(x * width - reach, y * height - thick / 2, 2 * reach, thick, color);
    this.#canvas.rectangle(x * width - thick / 2, y * height - reach, thick, 2 * reach, color);
    if (pressed) this.#canvas.disc(x * width, y * height, 3 * this.#dot, color);
  }
}
