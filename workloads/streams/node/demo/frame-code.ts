/**
 * A number that is drawn into a picture so that it survives an encoder and a change of size: a strip of squares along
 * the upper edge, white and black first (they tell what is white and black after encoding), then 24 bits of the number
 * and 8 bits that check them, highest first. Tests count frames by it.
 */
const bits = 32;
const cells = bits + 2;

/** Numbers begin anew after this one. */
export const lastFrameNumber = 0xff_ff_ff;

/** Height of the strip, in lines. */
export const codeHeight = (height: number): number => Math.max(4, Math.round(height / 18));

/** CRC-8 with the polynomial x^8 + x^2 + x + 1 over three bytes. */
function check(number: number): number {
  let crc = 0;
  for (let bit = 23; bit >= 0; bit -= 1) {
    const top = (crc >> 7) ^ ((number >> bit) & 1);
    crc = (crc << 1) & 0xff;
    if (top) crc ^= 0x07;
  }
  // A number of zeros must not be checked by zeros: a black picture would read as frame 0.
  return crc ^ 0x55;
}

/** Draws the strip: `paint` is told the columns of each square, from (included) and to (not), and whether it is white. */
export function drawFrameNumber(
  number: number,
  width: number,
  paint: (from: number, to: number, white: boolean) => void,
): void {
  const value = number & lastFrameNumber;
  const code = value * 256 + check(value);
  for (let cell = 0; cell < cells; cell += 1) {
    const white = cell === 0 || (cell > 1 && Math.floor(code / 2 ** (cells - 1 - cell)) % 2 === 1);
    paint(Math.round((cell * width) / cells), Math.round(((cell + 1) * width) / cells), white);
  }
}

/** Reads the number from any picture that shows it; undefined when it isn't there or can't be trusted. */
export function readFrameNumber(
  width: number,
  height: number,
  lumaAt: (x: number, y: number) => number,
): number | undefined {
  const brightness = (cell: number) => {
    // The middle of the square, where the encoder has blurred least.
    const x = Math.floor(((cell + 0.5) * width) / cells);
    const y = Math.floor(codeHeight(height) / 2);
    let sum = 0;
    for (const dx of [-1, 0, 1]) for (const dy of [-1, 0, 1]) sum += lumaAt(x + dx, y + dy);
    return sum / 9;
  };
  const white = brightness(0);
  const black = brightness(1);
  if (!(white - black > 60)) return undefined;
  let code = 0;
  for (let cell = 2; cell < cells; cell += 1) {
    code = code * 2 + Number(brightness(cell) > (white + black) / 2);
  }
  const value = Math.floor(code / 256);
  return check(value) === code % 256 ? value : undefined;
}
