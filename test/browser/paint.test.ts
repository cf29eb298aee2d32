import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, contextOf, launch } from './browser.ts';
import { builtConsole } from './built-console.ts';
import { type Fixture, startFixture } from './fixture/server.ts';

describe.skipIf(!chromiumPath)('the built console', () => {
  let dist: string;
  let browser: Browser;
  let fixture: Fixture;

  beforeAll(async () => {
    dist = await builtConsole();
    fixture = await startFixture(dist);
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await fixture?.close();
  });

  it('asks for the code of no page but the one that is shown', async () => {
    const context = await contextOf(browser, { size: 'desktop', scheme: 'dark', language: 'en' });
    const page = await context.newPage();
    const scripts: string[] = [];
    page.on('request', (request) => {
      if (request.resourceType() === 'script') scripts.push(new URL(request.url()).pathname);
    });
    await page.goto(fixture.url);
    await page.getByText('borealis').first().waitFor();
    expect(
      scripts.filter((path) =>
        /(events|audit|node|settings|access|render|new-render|models)-page/.test(path),
      ),
    ).toEqual([]);
    expect(scripts.filter((path) => path.includes('palette'))).toEqual([]);
    let bytes = 0;
    for (const path of scripts) bytes += gzipSync(await readFile(join(dist, path))).length;
    expect(bytes).toBeLessThan(400_000);
    await context.close();
  });

  it('names no host but its own, and needs no inline script', async () => {
    const html = await readFile(join(dist, 'index.html'), 'utf8');
    expect(html).not.toMatch(/<script(?![^>]*\ssrc=)/);
    expect(html).not.toMatch(/https?:\/\//);
    for (const file of await readdir(join(dist, 'assets'))) {
      expect((await stat(join(dist, 'assets', file))).isFile()).toBe(true);
      if (!file.endsWith('.css')) continue;
      expect(await readFile(join(dist, 'assets', file), 'utf8')).not.toMatch(/url\(["']?(https?:)?\/\//);
    }
  });
});
