import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Canvas, rgb } from './canvas.ts';
import { codeHeight, drawFrameNumber, lastFrameNumber, readFrameNumber } from './frame-code.ts';

function drawn(number: number, width: number, height: number): Canvas {
  const canvas = new Canvas(width, height);
  canvas.rectangle(0, 0, width, height, rgb(40, 60, 90));
  drawFrameNumber(number, canvas.width, (from, to, white) =>
    canvas.rectangle(
      from,
      0,
      to - from,
      codeHeight(canvas.height),
      white ? rgb(255, 255, 255) : rgb(0, 0, 0),
    ),
  );
  return canvas;
}
const read = (canvas: Canvas, lumaOf = (luma: number) => luma) =>
  readFrameNumber(canvas.width, canvas.height, (x, y) => lumaOf(canvas.data[y * canvas.width + x] ?? 0));

describe('a frame’s number', () => {
  it('is read back from pictures of any size, also when they are pale and noisy', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: lastFrameNumber }),
        fc.constantFrom([160, 90], [320, 180], [640, 360], [854, 480], [1_920, 1_080]),
        fc.integer({ min: 0, max: 30 }),
        (number, [width = 0, height = 0], noise) => {
          let turn = 0;
          const worn = (luma: number) => {
            turn += 7;
            return 40 + luma * 0.6 + ((turn % 11) - 5) * (noise / 5);
          };
          expect(read(drawn(number, width, height), worn)).toBe(number);
        },
      ),
    );
  });

  it('is not seen where it is not', () => {
    const plain = new Canvas(320, 180);
    expect(read(plain)).toBeUndefined();
    plain.rectangle(0, 0, 320, 180, rgb(200, 200, 200));
    expect(read(plain)).toBeUndefined();
    plain.gradient(rgb(255, 255, 255), rgb(0, 0, 0));
    expect(read(plain)).toBeUndefined();
  });

  it('is not believed when one square is wrong', () => {
    for (let cell = 2; cell < 34; cell += 1) {
      const canvas = drawn(123_456, 340, 180);
      const left = cell * 10;
      const was = (canvas.data[5 * canvas.width + left + 5] ?? 0) > 128;
      canvas.rectangle(left, 0, 10, 10, was ? rgb(0, 0, 0) : rgb(255, 255, 255));
      expect(read(canvas)).toBeUndefined();
    }
  });
});
