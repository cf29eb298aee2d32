import { type DemoProcess, startDemo } from '@backlot/streams/testing/demo-process';
import { smallDemo } from '@backlot/streams/testing/small-demo';
import { type Studio, startStudio } from '@backlot/streams/testing/studio';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EpicSite, startEpicSite } from './epic-page.ts';
import { chromiumPath, launchForStreams, watchPicture } from './stream-browser.ts';

/** Epic's own frontend package, unmodified, must play here as it does against Epic's server. */
describe.skipIf(!chromiumPath)('Epic’s unmodified player page', { timeout: 240_000 }, () => {
  let studio: Studio;
  let browser: Browser;
  let context: BrowserContext;
  let epic: EpicSite;
  const demos: DemoProcess[] = [];

  beforeAll(async () => {
    studio = await startStudio({ openMode: true });
    await studio.startNode();
    browser = await launchForStreams();
    context = await browser.newContext({ viewport: { width: 700, height: 420 } });
    epic = await startEpicSite();
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await epic?.close();
    for (const demo of demos) await demo.close();
    await studio?.close();
  }, 120_000);

  const ws = (path: string) => `${studio.control.url.replace(/^http/, 'ws')}${path}`;
  async function open(signalling: string): Promise<Page> {
    const page = await context.newPage();
    await page.goto(epic.page(signalling));
    return page;
  }
  /** Asks the demo, by Epic's API, what it has got so far. */
  async function inputsOf(page: Page): Promise<number> {
    const answer = await page.evaluate<string>(`new Promise((resolve) => {
      stream.addResponseEventListener('test', resolve);
      stream.emitUIInteraction({ demo: 'state' });
    })`);
    return (JSON.parse(answer) as { state: { inputs: number } }).state.inputs;
  }
  async function tryInput(page: Page): Promise<void> {
    const before = await inputsOf(page);
    await page.mouse.click(200, 200);
    for (let step = 0; step < 8; step += 1) await page.mouse.move(200 + step * 10, 200);
    await page.keyboard.press('KeyA');
    await studio.until('input has arrived', async () => (await inputsOf(page)) >= before + 10);
  }

  it('plays an app on demand at /signal/player/{app}, and its input arrives', async () => {
    const app = await studio.createApp({ slug: 'stock', recipe: smallDemo() });
    const page = await open(ws('/signal/player/stock'));
    // It waits without a list meanwhile, and subscribes by itself when the list has exactly one.
    await watchPicture(page);
    await tryInput(page);
    const [session] = await studio.sessions(`appId=${app.id}&open=true`);
    expect(session).toMatchObject({ state: 'active' });
    await page.close();
    await studio.until('the session ends when it has left', async () => {
      const [one] = await studio.sessions(`appId=${app.id}`);
      return one?.endedAt !== null;
    });
  });

  it('plays a warm instance', async () => {
    const app = await studio.createApp({ slug: 'stock-warm', warm: 1, maxInstances: 1, recipe: smallDemo() });
    await studio.until('one is ready', async () => {
      const ready = await studio.instances(`appId=${app.id}&state=ready`);
      return ready.length > 0;
    });
    const page = await open(ws('/signal/player/stock-warm'));
    await watchPicture(page);
    await page.close();
  });

  it('plays at / what a streamer without a ticket offers, as with Epic’s server', async () => {
    demos.push(
      startDemo(ws('/signal/streamer'), [
        '--id',
        'Stage',
        '--width',
        '480',
        '--height',
        '270',
        '--fps',
        '15',
      ]),
    );
    const page = await open(ws('/'));
    await watchPicture(page);
    await tryInput(page);
    await page.close();
  });
});
