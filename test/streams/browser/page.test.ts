import { type SessionEnd, sessionEnds } from '@backlot/streams/contract';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { complaintsOf, contextOf, type Look } from '../../browser/browser.ts';
import { faintTexts, structuralFaults } from '../../browser/in-page.ts';
import { builtPage } from './built-page.ts';
import { type ScriptedPlayer, type ScriptedServer, startScriptedServer } from './scripted-server.ts';
import { chromiumPath, launchForStreams } from './stream-browser.ts';

const sessionId = '01a00000-0000-7000-8000-000000000001';
const looks: Look[] = [
  { size: 'desktop', scheme: 'dark', language: 'en' },
  { size: 'desktop', scheme: 'light', language: 'zh-CN' },
  { size: 'phone', scheme: 'dark', language: 'zh-CN' },
  { size: 'phone', scheme: 'light', language: 'en' },
];

/** What the page says in every state that the server can tell of, in both languages and schemes, on both sizes. */
describe.skipIf(!chromiumPath)('the words of the player page', { timeout: 120_000 }, () => {
  let server: ScriptedServer;
  let browser: Browser;
  beforeAll(async () => {
    server = await startScriptedServer((await builtPage()).pageDir);
    browser = await launchForStreams();
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const greet = (player: ScriptedPlayer) =>
    player.say({
      type: 'backlot.session',
      sessionId,
      playerId: '1001',
      token: 'one.two.three',
      role: 'controller',
      app: { slug: 'demo', name: 'Demo' },
    });

  describe.each(looks)('$size, $scheme, $language', (looked) => {
    let context: BrowserContext;
    let page: Page;
    let player: ScriptedPlayer;
    let complaints: string[];

    beforeAll(async () => {
      server.look = {
        slug: 'demo',
        name: 'Showroom 2027',
        title: null,
        accent: '#ffd400',
        logo: null,
        scheme: 'auto',
        ticketRequired: false,
      };
      context = await contextOf(browser, looked);
      page = await context.newPage();
      complaints = complaintsOf(page);
      // A page of the look before may have knocked while it learned that there is no such app.
      server.forget();
      await page.goto(`${server.url}/s/demo`);
      player = await server.player();
    });
    afterAll(() => context?.close());

    /** Readable, named, nothing cut off or overflowing, and no word that was forgotten. */
    async function isWellMade(): Promise<void> {
      expect((await structuralFaults(page)).join('\n')).toBe('');
      expect(await faintTexts(page)).toEqual([]);
      expect(complaints).toEqual([]);
      const text = await page.evaluate<string>('document.body.innerText');
      expect(text).not.toMatch(/\{\w+|undefined|NaN|\bnull\b/);
      if (looked.language === 'zh-CN') expect(text).toMatch(/[\u4e00-\u9fff]/);
      expect(await page.evaluate('document.documentElement.lang')).toBe(looked.language);
      expect(await page.evaluate('document.documentElement.dataset.scheme')).toBe(looked.scheme);
    }
    const height = () =>
      page.evaluate<number>("document.querySelector('[role=status]').getBoundingClientRect().height");

    it('connecting', async () => {
      expect(Object.fromEntries(player.address.searchParams)).toEqual({ extensions: '1' });
      await page.getByText(/^(Connecting|正在连接)$/).waitFor();
      await isWellMade();
    });

    it('queued, then starting, without a jump', async () => {
      greet(player);
      player.say({ type: 'backlot.queued', position: 3, waitedMs: 42_000, estimateMs: 185_000 });
      await page.getByText(/Place 3 in the queue|排队第 3 位/).waitFor();
      await page.getByText(/≈ 3:0\d/).waitFor();
      await isWellMade();
      const before = await height();
      player.say({ type: 'backlot.queued', position: 1, waitedMs: 60_000, estimateMs: null });
      await page.getByText(/You are next|下一个就是您/).waitFor();
      await isWellMade();
      for (const step of ['placing', 'starting', 'connecting'] as const) {
        player.say({ type: 'backlot.starting', step, reason: null });
        await page.locator('[aria-current=step]').waitFor();
        expect(await height()).toBe(before);
      }
      await isWellMade();
    });

    it('a warning, and a button to stay', async () => {
      player.say({ type: 'backlot.warning', why: 'idle', endsInMs: 58_000 });
      await page.getByText(/0:5\d/).waitFor();
      await isWellMade();
      await page.getByRole('button', { name: /Stay|继续使用/ }).click();
      await expect.poll(() => player.heard.some((one) => one.type === 'backlot.activity')).toBe(true);
      player.say({ type: 'backlot.warning', why: 'idle', endsInMs: null });
      await page.getByText(/0:5\d/).waitFor({ state: 'detached' });
    });

    it('a refusal that passes, and the way back', async () => {
      player.say({ type: 'backlot.refused', code: 'role_changed', message: 'Your role has changed.' });
      player.end(1012, 'role');
      player = await server.player();
      expect(player.address.searchParams.get('session')).toBe('one.two.three');
      greet(player);
      player.say({ type: 'backlot.starting', step: 'connecting', reason: null });
      await page.locator('[aria-current=step]').waitFor();
      await isWellMade();
    });

    it.each<SessionEnd>([...sessionEnds])('the end: %s', async (reason) => {
      player.say({
        type: 'backlot.ended',
        reason,
        code: `streams.ended.${reason.replaceAll('-', '_')}`,
        message: 'The sentence of the server.',
      });
      player.end(1001, 'over');
      const again = page.getByRole('button', { name: /Start anew|重新开始/ });
      await again.waitFor();
      await isWellMade();
      // What to do is the first thing that Enter does; the session that is over is not asked for again.
      await page.keyboard.press('Enter');
      player = await server.player();
      expect(player.address.searchParams.get('session')).toBeNull();
      await again.waitFor({ state: 'detached' });
      greet(player);
    });

    it.each(['ticket_required', 'ticket_expired', 'ticket_used', 'app_disabled', 'session_full'])(
      'a refusal for good: %s',
      async (code) => {
        // As somebody comes who was never here: what a session left behind would be tried first.
        await page.close();
        page = await context.newPage();
        complaints = complaintsOf(page);
        server.forget();
        await page.goto(`${server.url}/s/demo`);
        player = await server.player();
        player.say({ type: 'backlot.refused', code, message: 'The sentence of the server.' });
        player.end(1008, code);
        await page.locator('h2', { hasNotText: /^(Connecting|正在连接)$/ }).waitFor();
        // It has words of its own for each, which say what a viewer can do.
        expect(await page.getByText('The sentence of the server.').count()).toBe(0);
        await isWellMade();
      },
    );

    it('no such app', async () => {
      server.look = null;
      await page.goto(`${server.url}/s/nowhere`);
      await page.getByText(/There is no such application|没有此应用/).waitFor();
      await isWellMade();
    });
  });

  it('keeps the ticket out of the address bar’s requests, and spends it once', async () => {
    server.look = { slug: 'demo', name: 'Demo', scheme: 'dark', accent: null, logo: null };
    const context = await browser.newContext({ locale: 'en' });
    const page = await context.newPage();
    const requests: string[] = [];
    server.forget();
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(`${server.url}/s/demo#ticket=the.ticket`);
    let player = await server.player();
    expect(player.address.searchParams.get('ticket')).toBe('the.ticket');
    expect(requests.filter((url) => new URL(url).search.includes('ticket'))).toEqual([]);
    greet(player);
    await expect.poll(() => page.evaluate<number>('sessionStorage.length')).toBe(1);
    await page.reload();
    player = await server.player();
    // A reload comes back to its session; another link in the same tab begins another one.
    expect(player.address.searchParams.get('session')).toBe('one.two.three');
    await page.goto('about:blank');
    await page.goto(`${server.url}/s/demo#ticket=another.ticket`);
    player = await server.player();
    expect(player.address.searchParams.get('ticket')).toBe('another.ticket');
    expect(player.address.searchParams.get('session')).toBeNull();
    await context.close();
  });

  it('tries a full queue again by itself, and gives up with a word', async () => {
    const context = await browser.newContext({ locale: 'en' });
    const page = await context.newPage();
    server.forget();
    server.look = { slug: 'demo', name: 'Demo', scheme: 'dark', accent: null, logo: null };
    await page.goto(`${server.url}/s/demo`);
    for (let attempt = 0; attempt < 4; attempt += 1) {
      const player = await server.player();
      player.say({ type: 'backlot.refused', code: 'queue_full', message: 'Too many people are waiting.' });
      player.end(1013, 'full');
      if (attempt === 1) await page.getByText('Tries again by itself').waitFor();
    }
    await page.getByRole('button', { name: 'Start anew' }).waitFor();
    await page.getByText('Too many people are waiting').first().waitFor();
    await context.close();
  });
});
