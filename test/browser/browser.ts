import { existsSync } from 'node:fs';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core';

const candidates = [
  process.env.BACKLOT_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** The system's Chromium, or undefined where there is none; then browser tests say that they are skipped. */
export const chromiumPath = candidates.find((path) => path !== undefined && existsSync(path));

export function launch(): Promise<Browser> {
  if (!chromiumPath) throw new Error('No Chromium was found. Install it, or name it in BACKLOT_CHROMIUM.');
  return chromium.launch({
    executablePath: chromiumPath,
    // Chromium's own sandbox does not work for root; the pages are our own and come over loopback.
    args: ['--no-sandbox', '--disable-gpu', '--font-render-hinting=none'],
  });
}

export const sizes = {
  desktop: { width: 1280, height: 800 },
  phone: { width: 390, height: 844 },
} as const;
export type Size = keyof typeof sizes;

export interface Look {
  readonly size: Size;
  readonly scheme: 'light' | 'dark';
  readonly language: 'en' | 'zh-CN';
}

/** A browser as one person has it: their screen, their scheme, their language. */
export function contextOf(
  browser: Browser,
  look: Look,
  more: BrowserContextOptions = {},
): Promise<BrowserContext> {
  return browser.newContext({
    viewport: sizes[look.size],
    colorScheme: look.scheme,
    locale: look.language,
    timezoneId: 'Europe/Stockholm',
    hasTouch: look.size === 'phone',
    isMobile: look.size === 'phone',
    ...more,
  });
}

/** Collects what a page complains about: exceptions, errors on the console, and breaches of the policy. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() !== 'error') return;
    // The browser reports every answer of 400 and more by itself; which ones are right is for the test to say.
    if (/^Failed to load resource/.test(message.text())) return;
    complaints.push(`console: ${message.text()}`);
  });
  return complaints;
}
