/** What a picture looks like, as far as a machine has to know to say that it is one. All are 0 to 1. */
export interface PictureStats {
  /** Share of pixels that are not wholly transparent. */
  readonly coverage: number;
  /** Mean and greatest brightness of what is covered. */
  readonly mean: number;
  readonly max: number;
  /** Share of pixels with the colour of a missing texture. */
  readonly magenta: number;
}

/** Measures decoded pixels, four bytes each (RGBA, not premultiplied). */
export function measurePixels(pixels: Uint8Array): PictureStats {
  const count = Math.floor(pixels.length / 4);
  let covered = 0;
  let sum = 0;
  let max = 0;
  let magenta = 0;
  for (let i = 0; i < count * 4; i += 4) {
    const alpha = pixels[i + 3] ?? 0;
    if (alpha < 5) continue;
    const red = pixels[i] ?? 0;
    const green = pixels[i + 1] ?? 0;
    const blue = pixels[i + 2] ?? 0;
    covered += 1;
    const brightness = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    sum += brightness;
    if (brightness > max) max = brightness;
    if (isMagenta(red, green, blue)) magenta += 1;
  }
  const whole = Math.max(1, count);
  return {
    coverage: covered / whole,
    mean: covered === 0 ? 0 : sum / covered / 255,
    max: max / 255,
    magenta: magenta / whole,
  };
}

/** Blender paints a missing image (1, 0, 1); lit and through a view transform it keeps its hue and loses strength. */
function isMagenta(red: number, green: number, blue: number): boolean {
  const low = Math.min(red, blue);
  return low > 70 && green < 0.55 * low && Math.abs(red - blue) < 0.3 * Math.max(red, blue);
}

export interface PictureExpectation {
  readonly width: number;
  readonly height: number;
  readonly transparent: boolean;
  /** Share of missing-texture colour that is known and accepted. */
  readonly magenta: number;
  readonly acceptBlack: boolean;
}

/** Brighter than this somewhere, or the picture counts as black. Two of 255 steps: noise of an unlit scene. */
const BLACK = 2.5 / 255;
/** More missing-texture colour than was known, by this share of the picture, is a fault of this frame's machine. */
const MAGENTA_MARGIN = 0.03;

/** What is wrong with a picture, in words for a sentence; undefined when nothing is. */
export function judgePicture(
  size: { readonly width: number; readonly height: number },
  stats: PictureStats,
  expected: PictureExpectation,
): string | undefined {
  if (size.width !== expected.width || size.height !== expected.height)
    return `it has ${size.width}x${size.height} pixels instead of ${expected.width}x${expected.height}`;
  if (stats.coverage === 0) return expected.acceptBlack ? undefined : 'it is wholly transparent';
  if (stats.max < BLACK && !expected.acceptBlack) return 'it is black';
  if (stats.magenta > expected.magenta + MAGENTA_MARGIN)
    return `${Math.round(stats.magenta * 100)} % of it has the colour of a missing texture`;
  return undefined;
}
