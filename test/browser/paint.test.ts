import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { chromiumPath } from './browser.ts';
import { builtConsole } from './built-console.ts';
import { ConsoleHouse } from './console-house.ts';

describe.skipIf(!chromiumPath)('the built console', () => {
  const house = new ConsoleHouse();

  it('asks for the code of no page but the one that is shown', async () => {
    const { page } = await house.open();
    const scripts: string[] = [];
    page.on('request', (request) => {
      if (request.resourceType() === 'script') scripts.push(new URL(request.url()).pathname);
    });
    await page.goto(house.fixture.url);
    await page.getByText('borealis').first().waitFor();
    expect(
      scripts.filter((path) =>
        /((events|audit|node|settings|access|render|new-render|models|flows?|run|channels?|broadcasts?)-page|yaml-editor|live-stream)/.test(
          path,
        ),
      ),
    ).toEqual([]);
    expect(scripts.filter((path) => path.includes('palette'))).toEqual([]);
    const dist = await builtConsole();
    let bytes = 0;
    for (const path of scripts) bytes += gzipSync(await readFile(join(dist, path))).length;
    expect(bytes).toBeLessThan(400_000);
    await page.context().close();
  });

  it('names no host but its own, and needs no inline script', async () => {
    const dist = await builtConsole();
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
