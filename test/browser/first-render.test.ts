import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Studio, startStudio } from '../system/studio.ts';
import { chromiumPath, complaintsOf, contextOf, launch } from './browser.ts';
import { dropFiles } from './drop.ts';

const model = '/usr/share/assimp/models/glTF2/BoxTextured-glTF-Binary/BoxTextured.glb';
const dist = resolve(import.meta.dirname, '../../packages/console/dist/index.html');
const able =
  chromiumPath !== undefined && existsSync(model) && existsSync(dist) && existsSync('/usr/bin/blender');

/** The real product with a real browser, a real Blender and a model that nobody here has made. */
describe.skipIf(!able)('the first render', { timeout: 300_000 }, () => {
  let studio: Studio;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    // No preset token: the first start then prints its one-time link.
    studio = await startStudio({ env: { BACKLOT_ADMIN_TOKEN: '' } });
    browser = await launch();
    context = await contextOf(browser, { size: 'desktop', scheme: 'dark', language: 'en' });
    page = await context.newPage();
    // A machine that renders, tests and builds at once answers late; what is tested is that it answers.
    page.setDefaultTimeout(90_000);
    complaints = complaintsOf(page);
  });
  afterAll(async () => {
    await browser?.close();
    const ended = await studio?.close();
    expect(ended?.leftovers ?? []).toEqual([]);
  });

  it('begins with the set-up link, which works once', async () => {
    const link = /http\S+\/setup#\S+/.exec(await studio.output())?.[0];
    expect(link).toBeDefined();
    await page.goto(link ?? '');
    await page.getByLabel('Your name').fill('Mara Lindqvist');
    await page.getByLabel('E-mail').fill('mara@studio.example');
    await page.getByLabel('Password', { exact: true }).fill('a long enough one');
    await page.getByRole('button', { name: 'Create account' }).click();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    const again = await context.newPage();
    await again.goto(link ?? '');
    await again.getByRole('alert').first().waitFor();
    await again.close();
  });

  it('takes a dropped model to a picture', async () => {
    await page.getByRole('link', { name: 'Renders' }).click();
    await page.getByRole('heading', { name: 'Drop a 3D model here' }).waitFor();
    await dropFiles(page, [model]);
    await page.getByRole('heading', { name: 'Model file: BoxTextured.glb' }).waitFor();
    await page.getByText('uploaded').waitFor();
    await page.getByLabel('Width').fill('160');
    await page.getByLabel('Height').fill('120');
    await page.getByLabel('Samples').fill('8');
    await page.getByRole('button', { name: 'Render', exact: true }).click();
    await page.waitForURL(/\/renders\/[0-9a-f-]{36}/);
    const picture = page.getByRole('img', { name: 'Frame 1', exact: true });
    await picture.waitFor({ timeout: 240_000 });
    await page.getByText('succeeded').first().waitFor({ timeout: 60_000 });

    const address = await picture.getAttribute('src');
    const answer = await context.request.get(`${studio.url}${address}`);
    const png = PNG.sync.read(await answer.body());
    expect([png.width, png.height]).toEqual([160, 120]);
    const shades = new Set(Array.from({ length: 160 * 120 }, (_, at) => png.data.readUInt32BE(at * 4)));
    expect(shades.size).toBeGreaterThan(200);
  });

  it('gives the results as one file', async () => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download all' }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/\.zip$/);
    expect(await download.failure()).toBeNull();
  });

  it('sends the same bytes only once, and turns a turntable into a film that plays', async () => {
    const sent: string[] = [];
    page.on('request', (request) => {
      if (request.method() === 'PATCH') sent.push(request.url());
    });
    await page.getByRole('link', { name: 'Renders' }).click();
    await page.getByText('BoxTextured').first().waitFor();
    await dropFiles(page, [model]);
    await page.getByText('was here already').waitFor();
    expect(sent).toEqual([]);
    await page.getByText('Turntable', { exact: true }).click();
    await page.getByLabel('Frames', { exact: true }).fill('4');
    await page.getByLabel('Width').fill('160');
    await page.getByLabel('Height').fill('120');
    await page.getByLabel('Samples').fill('4');
    await page.getByRole('button', { name: 'Render', exact: true }).click();
    await page.waitForURL(/\/renders\/[0-9a-f-]{36}/);
    const film = page.locator('video');
    await film.waitFor({ timeout: 280_000 });
    await expect
      .poll(() => page.evaluate<number>("document.querySelector('video').duration"), { timeout: 60_000 })
      .toBeGreaterThan(0.1);
    expect(await page.getByRole('group', { name: 'Frame map' }).getByRole('button').count()).toBe(4);
  });

  it('had nothing to complain about', () => {
    expect(complaints).toEqual([]);
  });
});
