import { StatsAnswer } from '@backlot/streams/contract';
import { type Coturn, hasCoturn, startCoturn } from '@backlot/streams/testing/coturn';
import { smallDemo } from '@backlot/streams/testing/small-demo';
import { type Studio, startStudio } from '@backlot/streams/testing/studio';
import type { Browser, BrowserContext, Frame, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { complaintsOf } from '../../browser/browser.ts';
import { builtPage } from './built-page.ts';
import { type OtherSite, startOtherSite } from './other-site.ts';
import { chromiumPath, launchForStreams, watchPicture } from './stream-browser.ts';

/**
 * The player page in a real browser against the real control plane, a real agent and the demo application: pictures are
 * counted by the numbers that the demo draws into them, and input is what the demo says that it got.
 */
describe.skipIf(!chromiumPath)('the player page', { timeout: 240_000 }, () => {
  let studio: Studio;
  let coturn: Coturn | undefined;
  let browser: Browser;
  let context: BrowserContext;

  beforeAll(async () => {
    coturn = hasCoturn ? await startCoturn() : undefined;
    const { consoleDir } = await builtPage();
    studio = await startStudio({
      consoleDir,
      ...(coturn ? { turn: { urls: [...coturn.urls], secret: coturn.secret } } : {}),
    });
    await studio.startNode();
    browser = await launchForStreams();
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await studio?.close();
    await coturn?.close();
  }, 120_000);

  async function openPage(path: string): Promise<{ page: Page; complaints: string[] }> {
    context = await browser.newContext({ viewport: { width: 960, height: 600 }, locale: 'en' });
    const page = await context.newPage();
    page.setDefaultTimeout(120_000);
    const complaints = complaintsOf(page);
    await page.goto(`${studio.control.url}${path}`);
    return { page, complaints };
  }

  const sessionOf = async (appId: string) => {
    const [session] = await studio.sessions(`appId=${appId}&open=true`);
    if (!session) throw new Error('There is no session.');
    return session;
  };
  /** Everything ends with the context: the next test finds the machine free. */
  const leave = async (appId: string) => {
    await context.close();
    for (const session of await studio.sessions(`appId=${appId}&open=true`)) {
      await studio.api.transport.run('POST', `/api/v1/streams/sessions/${session.id}/end`, { json: {} });
    }
    await studio.until('nothing of it runs', async () => {
      const [one] = await studio.instances(`appId=${appId}&open=true&state=assigned`);
      return one === undefined;
    });
  };

  it('starts the application from a link, plays it, and reports how it arrives', async () => {
    const app = await studio.createApp({ slug: 'on-demand', name: 'On demand', recipe: smallDemo() });
    const { page, complaints } = await openPage('/s/on-demand');
    await page.getByText('Starting the application').or(page.locator('video')).first().waitFor();
    const numbers = await watchPicture(page, 30);
    expect(numbers.length).toBeGreaterThan(3);
    // What lay over the picture has gone with the first frame.
    expect(await page.getByText('Starting the application').count()).toBe(0);
    const session = await studio.until('the session is active', async () => {
      const one = await sessionOf(app.id);
      return one.state === 'active' && one;
    });
    const stats = await studio.until('the page has reported', async () => {
      const answer = await studio.call('GET', `/sessions/${session.id}/stats`, StatsAnswer);
      return answer.players[0]?.points.find((point) => (point.fps ?? 0) > 0 && (point.bitrateBps ?? 0) > 0);
    });
    expect(stats).toMatchObject({ width: 480, height: 270, relayed: false });
    expect(complaints).toEqual([]);

    // The controls: opened by keyboard although keys go to the application, statistics, and the end.
    await page.keyboard.press('Control+Alt+KeyC');
    await page.getByRole('toolbar', { name: 'Controls' }).waitFor();
    await page.getByRole('button', { name: 'Statistics' }).click();
    await page.getByText('480 × 270').waitFor();
    await page.getByText('direct').waitFor();
    await page.getByRole('button', { name: 'End', exact: true }).click();
    await page.getByRole('button', { name: 'End it' }).click();
    await page.getByRole('heading', { name: 'You have left' }).waitFor();
    await studio.until('it is over', async () => (await studio.session(session.id)).end?.reason === 'left');
    await leave(app.id);
  });

  it('takes a warm instance at once, and the same session again after a reload', async () => {
    const app = await studio.createApp({ slug: 'kept-warm', warm: 1, maxInstances: 1, recipe: smallDemo() });
    const [warm] = await studio.until('one is ready', async () => {
      const ready = await studio.instances(`appId=${app.id}&state=ready`);
      return ready.length > 0 && ready;
    });
    const { page } = await openPage('/s/kept-warm');
    await watchPicture(page);
    const session = await sessionOf(app.id);
    expect(session.instanceId).toBe(warm?.id);
    await page.reload();
    await watchPicture(page);
    expect((await sessionOf(app.id)).id).toBe(session.id);
    await leave(app.id);
  });

  it('plays over TURN alone when the app says so', async ({ skip }) => {
    if (!coturn) return skip('coturn is not installed');
    const app = await studio.createApp({ slug: 'relayed', relayOnly: true, recipe: smallDemo() });
    const { page } = await openPage('/s/relayed');
    await watchPicture(page);
    const session = await sessionOf(app.id);
    await studio.until('the page reports a relayed path', async () => {
      const answer = await studio.call('GET', `/sessions/${session.id}/stats`, StatsAnswer);
      return answer.players[0]?.points.some((point) => point.relayed === true);
    });
    await leave(app.id);
  });

  it('keeps the picture while the control plane is restarted, and is the same session afterwards', async () => {
    const app = await studio.createApp({ slug: 'restarted', recipe: smallDemo() });
    const { page } = await openPage('/s/restarted');
    await watchPicture(page);
    const before = await sessionOf(app.id);
    const frames = page.evaluate<number>(
      "document.querySelector('video').getVideoPlaybackQuality().totalVideoFrames",
    );
    await studio.restartControl();
    await watchPicture(page);
    const later = page.evaluate<number>(
      "document.querySelector('video').getVideoPlaybackQuality().totalVideoFrames",
    );
    expect(await later).toBeGreaterThan(await frames);
    await studio.until('the player is connected again', async () => {
      const session = await studio.session(before.id);
      return session.endedAt === null && session.players.some((player) => player.connected) && session;
    });
    await leave(app.id);
  });

  describe('in a frame of another page', () => {
    let appId: string;
    let page: Page;
    let frame: Frame;
    let shop: OtherSite | undefined;
    type Heard = { readonly event: string; readonly data: Record<string, unknown> };
    const heard = () => page.evaluate<Heard[]>('window.heard');
    const call = (message: object) =>
      page.evaluate(
        `document.querySelector('iframe').contentWindow.postMessage(${JSON.stringify({ source: 'backlot-host', ...message })}, '*')`,
      );
    /** What the demo says of itself, asked over the data channel through the frame. */
    const demoState = async () => {
      const before = (await heard()).filter((one) => one.event === 'response').length;
      await call({ call: 'interaction', descriptor: { demo: 'state' } });
      const answer = await studio.until(
        'the demo answers',
        async () => (await heard()).filter((one) => one.event === 'response')[before],
      );
      const text = String(answer.data.text);
      return (JSON.parse(text) as { state: { inputs: number; last: string; typed: string; resets: number } })
        .state;
    };

    beforeAll(async () => {
      const app = await studio.createApp({ slug: 'framed', recipe: smallDemo() });
      appId = app.id;
      context = await browser.newContext({ viewport: { width: 960, height: 600 }, locale: 'en' });
      page = await context.newPage();
      page.setDefaultTimeout(120_000);
      shop = await startOtherSite(
        `<title>shop</title><body><script>
          window.heard = [];
          addEventListener('message', (m) => m.data && m.data.source === 'backlot-player' && heard.push(m.data));
        </script><iframe style="width:900px;height:500px" allow="autoplay; fullscreen"
          src="${studio.control.url}/s/framed"></iframe>`,
      );
      await page.goto(shop.url);
      frame = await studio.until('the frame has the page', async () =>
        page.frames().find((one) => one.url().includes('/s/framed')),
      );
    });
    afterAll(async () => {
      await leave(appId);
      await shop?.close();
    });

    it('plays, and tells the page what happens', async () => {
      await watchPicture(frame);
      const events = (await heard()).map((one) => one.event);
      for (const name of ['session', 'ready', 'playing', 'role']) expect(events).toContain(name);
    });

    it('hands pointer and keys to the application', async () => {
      const before = await demoState();
      const box = await page.locator('iframe').boundingBox();
      const [x, y] = [(box?.x ?? 0) + 450, (box?.y ?? 0) + 250];
      await page.mouse.click(x, y);
      for (let step = 0; step < 10; step += 1) await page.mouse.move(x + step * 8, y + step * 4);
      await page.keyboard.type('set7');
      const after = await studio.until('the demo has it', async () => {
        const state = await demoState();
        return state.typed.endsWith('set7') && state;
      });
      expect(after.inputs - before.inputs).toBeGreaterThan(14);
    });

    it('keeps keys to itself while its controls have the focus', async () => {
      const { typed } = await demoState();
      await page.keyboard.press('Control+Alt+KeyC');
      await frame.getByRole('toolbar', { name: 'Controls' }).waitFor();
      await page.keyboard.type('xyz');
      expect((await demoState()).typed.replace(/c$/, '')).toBe(typed);
      await page.keyboard.press('Escape');
    });

    it('does what the page around it asks for', async () => {
      const { resets } = await demoState();
      await call({ call: 'interaction', descriptor: { demo: 'reset' } });
      await studio.until('the demo was reset', async () => (await demoState()).resets > resets);
      await call({ call: 'end' });
      await frame.getByRole('heading', { name: 'You have left' }).waitFor();
      const ended = (await heard()).findLast((one) => one.event === 'ended');
      expect(ended?.data).toMatchObject({ reason: 'left' });
    });
  });

  it('lets a second person watch, without a hand on it, and take over', async () => {
    const app = await studio.createApp({ slug: 'shared', recipe: smallDemo() });
    const { page } = await openPage('/s/shared');
    await watchPicture(page);
    const session = await sessionOf(app.id);
    const { ticket } = await studio.ticket({
      app: 'shared',
      role: 'viewer',
      sessionId: session.id,
      subject: 'Lin',
    });
    const other = await context.newPage();
    other.setDefaultTimeout(120_000);
    await other.goto(`${studio.control.url}/s/shared#ticket=${ticket}`);
    await watchPicture(other);
    await other.getByRole('button', { name: /Open the controls/ }).click();
    await other.getByText('Watching').waitFor();
    await other.getByRole('button', { name: 'Ask for control' }).click();
    await page.getByText(/asks for control/).waitFor();
    await page.getByRole('button', { name: 'Give' }).click();
    await studio.until('control has gone over', async () => {
      const one = await studio.session(session.id);
      return one.players.find((player) => player.id === one.controller)?.subject === 'Lin';
    });
    await watchPicture(other);
    await watchPicture(page);
    await other.keyboard.press('Control+Alt+KeyC');
    await other.getByText('In control').waitFor();
    await leave(app.id);
  });

  it('shows the place in the queue while all are in use, and begins by itself', async () => {
    const app = await studio.createApp({ slug: 'one-only', maxInstances: 1, recipe: smallDemo() });
    const { page } = await openPage('/s/one-only');
    await watchPicture(page);
    const other = await context.newPage();
    other.setDefaultTimeout(120_000);
    await other.goto(`${studio.control.url}/s/one-only`);
    await other.getByRole('heading', { name: 'You are next' }).waitFor();
    await page.keyboard.press('Control+Alt+KeyC');
    await page.getByRole('button', { name: 'End', exact: true }).click();
    await page.getByRole('button', { name: 'End it' }).click();
    await watchPicture(other);
    expect(await other.getByRole('heading', { name: 'You are next' }).count()).toBe(0);
    await leave(app.id);
  });

  it('counts down when nobody does anything, and says why it ended', async () => {
    const app = await studio.createApp({
      slug: 'idle',
      limits: {
        idleSeconds: 8,
        maximumSeconds: null,
        disconnectSeconds: 5,
        queueLength: 5,
        queueSeconds: 60,
        viewers: 1,
      },
      recipe: smallDemo(),
    });
    const { page } = await openPage('/s/idle');
    await page.getByText('Still there?').waitFor();
    await page.getByRole('heading', { name: 'Ended for lack of activity' }).waitFor();
    const [session] = await studio.sessions(`appId=${app.id}`);
    expect(session?.end?.reason).toBe('idle');
    // The way on is the first thing that Enter does.
    await page.keyboard.press('Enter');
    await watchPicture(page);
    await leave(app.id);
  });

  it('says what is wrong with a link', async () => {
    const nowhere = await openPage('/s/nowhere');
    await nowhere.page.getByRole('heading', { name: 'There is no such application' }).waitFor();
    await context.close();
    await studio.createApp({ slug: 'ticketed', access: 'ticket', recipe: smallDemo() });
    const closed = await openPage('/s/ticketed');
    await closed.page.getByRole('heading', { name: 'A ticket is needed' }).waitFor();
    await closed.page.goto('about:blank');
    await closed.page.goto(`${studio.control.url}/s/ticketed#ticket=not.a.ticket`);
    await closed.page.getByRole('heading', { name: 'The link does not fit' }).waitFor();
    await context.close();
  });
});
