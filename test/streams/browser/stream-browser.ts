import { readFileSync } from 'node:fs';
import { readFrameNumber } from '@backlot/streams/testing/frame-number';
import { type Browser, chromium, type Frame, type Page } from 'playwright-core';
import { chromiumPath } from '../../browser/browser.ts';

const strip = readFileSync(new URL('./in-page/strip.js', import.meta.url), 'utf8');

export { chromiumPath };

/** A Chromium whose WebRTC may use loopback, where everything in these tests happens. */
export function launchForStreams(): Promise<Browser> {
  if (!chromiumPath) throw new Error('No Chromium was found. Install it, or name it in BACKLOT_CHROMIUM.');
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--font-render-hinting=none',
      '--allow-loopback-in-peer-connection',
      // Names of mDNS stand for addresses otherwise, and nobody answers for them here.
      '--disable-features=WebRtcHideLocalIpsWithMdns',
    ],
  });
}

export interface Seen {
  readonly width: number;
  readonly height: number;
  /** Frames that the browser has shown. */
  readonly frames: number;
  /** The number that the demo has drawn into the picture; undefined when it can't be read. */
  readonly number: number | undefined;
}

/** What the video of a page shows at this moment; null before there is a picture. */
export async function look(page: Page | Frame): Promise<Seen | null> {
  const seen = await page.evaluate<{
    width: number;
    height: number;
    middle: number;
    luma: number[];
    frames: number;
  } | null>(strip);
  if (!seen) return null;
  const { width, height, middle, luma, frames } = seen;
  const number = readFrameNumber(width, height, (x, y) => luma[(y - middle + 1) * width + x] ?? 0);
  return { width, height, frames, number };
}

/**
 * Watches until the picture has moved on: at least `frames` frames were shown and the numbers in them grew.
 * @returns the numbers that were read, oldest first.
 * @throws when it does not within two minutes.
 */
export async function watchPicture(page: Page | Frame, frames = 20): Promise<readonly number[]> {
  const numbers: number[] = [];
  const end = Date.now() + 120_000;
  let first: number | undefined;
  let last: Seen | null = null;
  while (Date.now() < end) {
    last = await look(page);
    if (last?.number !== undefined) {
      first ??= last.frames;
      if (numbers.at(-1) !== last.number) numbers.push(last.number);
      const grown = (numbers.at(-1) ?? 0) - (numbers[0] ?? 0);
      if (last.frames - first >= frames && grown >= frames && numbers.length >= 4) return numbers;
    }
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  throw new Error(`The picture does not move: ${JSON.stringify(last)}, numbers ${numbers.join(' ')}.`);
}
