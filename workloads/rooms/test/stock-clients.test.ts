import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ffmpegPublishes, ffmpegStreams, PlainAnswer } from '../testing/ffmpeg-broadcaster.ts';
import { hasWorker, type RoomsProduct, startRoomsProduct } from '../testing/product.ts';
import { type StockPage, serveStockPage } from '../testing/stock-page.ts';

const patience = { timeout: 90_000, interval: 200 };
const chromiumPath = [process.env.BACKLOT_CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
  (path) => path !== undefined && existsSync(path),
);

/** WHIP publishers and WHEP players made by others, unchanged, in a real browser. */
describe.skipIf(!chromiumPath || !(await hasWorker()))('clients of others', { timeout: 240_000 }, () => {
  let product: RoomsProduct;
  let stock: StockPage;
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    [product, stock] = [await startRoomsProduct(), await serveStockPage()];
    browser = await chromium.launch({
      ...(chromiumPath ? { executablePath: chromiumPath } : {}),
      args: [
        '--no-sandbox',
        '--use-fake-ui-for-media-stream',
        '--use-fake-device-for-media-stream',
        '--disable-features=WebRtcHideLocalIpsWithMdns',
        '--autoplay-policy=no-user-gesture-required',
      ],
    });
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await stock?.close();
    await product?.close();
  });

  async function open(): Promise<void> {
    page = await browser.newPage();
    await page.goto(stock.url);
  }
  /** Calls a function of the page. */
  const run = (name: string, ...args: readonly string[]): Promise<unknown> =>
    page.evaluate(`window.${name}(...${JSON.stringify(args)})`);
  const media = async (room: string) =>
    (
      await fetch(`${product.url}/api/v1/rooms/${room}/media`, {
        headers: { authorization: `Bearer ${product.adminToken}` },
      })
    ).json() as Promise<{ transports: unknown[]; producers: unknown[]; consumers: unknown[] }>;

  it('Medooze’s whip-whep publishes and plays: pictures are decoded, also after an ICE restart', async () => {
    const room = 'stock';
    await product.openRoom(room, { emptyTimeoutS: 0, departureTimeoutS: 0 });
    const publisher = await product.token(room, 'camera', { join: false });
    const viewer = await product.token(room, 'tv', { role: 'viewer', join: false });
    await open();
    await run('publishMedooze', `${product.url}/whip/${room}`, publisher);
    await run('playMedooze', `${product.url}/whep/${room}`, viewer);
    await vi.waitFor(async () => expect(await run('framesMedooze')).toBeGreaterThan(20), patience);
    expect(await run('audioMedooze')).toBeGreaterThan(10);
    await run('restartMedooze');
    const before = (await run('framesMedooze')) as number;
    await vi.waitFor(async () => expect(await run('stateMedooze')).toBe('connected'), patience);
    await vi.waitFor(async () => expect(await run('framesMedooze')).toBeGreaterThan(before + 20), patience);
    await run('stopPlayMedooze');
    await run('stopMedooze');
    await vi.waitFor(
      async () => expect(await media(room)).toMatchObject({ transports: [], producers: [], consumers: [] }),
      patience,
    );
    await page.close();
  });

  it('ffmpeg publishes by the demo’s API and is seen in the browser', async () => {
    await product.openRoom('film', { emptyTimeoutS: 0, departureTimeoutS: 0 });
    const token = await product.token('film', 'ffmpeg');
    const post = async (path: string, body: object) =>
      (
        await fetch(`${product.url}/rooms/film/broadcasters${path}`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        })
      ).json();
    await post('', { id: 'ffmpeg', displayName: 'Film', device: {} });
    const [audio, video] = [
      PlainAnswer.parse(await post('/ffmpeg/transports', { type: 'plain' })),
      PlainAnswer.parse(await post('/ffmpeg/transports', { type: 'plain' })),
    ];
    await post(`/ffmpeg/transports/${audio.id}/producers`, ffmpegStreams.audio);
    await post(`/ffmpeg/transports/${video.id}/producers`, ffmpegStreams.video);
    const ffmpeg = ffmpegPublishes({ audio, video });
    try {
      await open();
      await run('playMedooze', `${product.url}/whep/film`, token);
      await vi.waitFor(async () => expect(await run('framesMedooze')).toBeGreaterThan(30), patience);
      expect(await run('audioMedooze')).toBeGreaterThan(20);
      await run('stopPlayMedooze');
    } finally {
      await ffmpeg.close();
    }
  });
});
