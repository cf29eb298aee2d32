import { contextOf, launch } from '../../test/browser/browser.ts';
import { builtConsole } from '../../test/browser/built-console.ts';
import { startFixture } from '../../test/browser/fixture/server.ts';

export interface ConsoleBenchOptions {
  readonly signal: AbortSignal;
  readonly report: (line: string) => void;
}

const attempts = 8;

/**
 * First meaningful paint of the built console: from the navigation's start, with nothing in the cache, until the
 * frame after the overview's heading is there. The API is the browser tests' fixture, so that the page alone is
 * measured.
 */
export async function run({ signal, report }: ConsoleBenchOptions) {
  report('Building the console');
  const fixture = await startFixture(await builtConsole());
  const browser = await launch();
  try {
    const times: number[] = [];
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      signal.throwIfAborted();
      const context = await contextOf(browser, { size: 'desktop', scheme: 'dark', language: 'en' });
      const page = await context.newPage();
      await page.addInitScript(`
        new MutationObserver((_, observer) => {
          if (!document.querySelector('#content h1')) return;
          observer.disconnect();
          requestAnimationFrame(() => { window.meaningful = performance.now(); });
        }).observe(document, { childList: true, subtree: true });
      `);
      await page.goto(fixture.url);
      await page.waitForFunction('window.meaningful > 0', undefined, { timeout: 30_000 });
      times.push(Math.round(await page.evaluate<number>('window.meaningful')));
      await context.close();
    }
    times.sort((a, b) => a - b);
    const median = times[Math.floor(times.length / 2)] ?? 0;
    return {
      bars: [
        {
          name: 'first meaningful paint, median',
          wanted: '<= 1000 ms',
          found: `${median} ms`,
          ok: median <= 1_000,
        },
      ],
      measured: { 'best, ms': times[0] ?? 0, 'median, ms': median, 'worst, ms': times.at(-1) ?? 0, attempts },
    };
  } finally {
    await browser.close();
    await fixture.close();
  }
}
