import type { Page } from 'playwright-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { chromiumPath, type Look } from './browser.ts';
import { ConsoleHouse } from './console-house.ts';
import { chatLinesOf, chatTextOf } from './fixture/chat.ts';
import { idOf } from './fixture/data.ts';
import { makeFilm } from './fixture/film.ts';
import { chatIdOf, filmIdOf } from './fixture/recordings.ts';
import { faintTexts, structuralFaults } from './in-page.ts';
import { visit } from './pages/every-page.ts';

const broadcast = idOf('broadcast 4');
const filmMs = 60_000;

/** A machine that builds and tests at once answers late; what is tested is that it answers. */
const until = <T>(read: () => Promise<T>) => expect.poll(read, { timeout: 60_000 });

const clock = (ms: number) => `0:00:${String(Math.floor(ms / 1000)).padStart(2, '0')}`;

describe.skipIf(!chromiumPath)('a film with its chat', { timeout: 180_000 }, () => {
  const house = new ConsoleHouse();
  let film: Buffer;
  let page: Page;
  let complaints: string[];

  beforeAll(() => {
    film = makeFilm(filmMs);
  });
  const open = async (look?: Look) => {
    house.fixture.contents.set(filmIdOf(broadcast), { type: 'video/webm', bytes: film });
    house.fixture.contents.set(chatIdOf(broadcast), {
      type: 'application/x-ndjson',
      bytes: Buffer.from(chatTextOf(chatLinesOf(filmMs))),
    });
    ({ page, complaints } = await house.open(look));
    page.setDefaultTimeout(90_000);
  };
  const show = async () => {
    await page.goto(`${house.fixture.url}/recordings/broadcasts/${broadcast}`);
    await page.getByRole('region', { name: 'Chat', exact: true }).getByRole('button').first().waitFor();
    await until(() => video<number>('video?.readyState ?? 0')).toBeGreaterThan(0);
  };
  beforeEach(() => open());
  afterEach(async () => {
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  const list = () => page.getByRole('listbox', { name: 'What was written, up to the player’s time' });
  const lastTime = () => list().getByRole('option').last().locator('time').textContent();
  const video = <T>(script: string) =>
    page.evaluate<T>(`(() => { const video = document.querySelector('video'); return ${script}; })()`);
  const scrolled = <T>(script: string) =>
    page.evaluate<T>(
      `(() => { const list = document.querySelector('[role=listbox]'); return ${script}; })()`,
    );
  const distanceFromEnd = () => scrolled<number>('list.scrollHeight - list.scrollTop - list.clientHeight');

  it('follows the player: on, back, and at another speed', async () => {
    await show();
    await until(lastTime).toBe('0:00:00');
    await video('void (video.currentTime = 30)');
    await until(lastTime).toBe(clock(30_000));
    expect(await list().getByRole('option').last().getAttribute('aria-posinset')).toBe('241');
    await until(distanceFromEnd).toBeLessThan(8);
    await video('void (video.currentTime = 5)');
    await until(lastTime).toBe(clock(5_000));
    await video('(video.muted = true, video.playbackRate = 4, video.play())');
    await until(() => video<number>('video.currentTime')).toBeGreaterThan(8);
    await video('video.pause()');
    const ms = (await video<number>('video.currentTime')) * 1000;
    const last = chatLinesOf(filmMs).findLast((line) => line.ms <= ms);
    await until(lastTime).toBe(clock(last?.ms ?? 0));
    await until(distanceFromEnd).toBeLessThan(8);
  });

  it('stays where somebody has scrolled to, and follows again when asked', async () => {
    await show();
    await video('void (video.currentTime = 30)');
    await until(lastTime).toBe(clock(30_000));
    await list().hover();
    await page.mouse.wheel(0, -600);
    const follow = page.getByRole('button', { name: 'Follow the player' });
    await follow.waitFor();
    const top = await scrolled<number>('list.scrollTop');
    await video('void (video.currentTime = 40)');
    await until(() => list().getByRole('option').first().getAttribute('aria-setsize')).toBe('321');
    expect(await scrolled<number>('list.scrollTop')).toBe(top);
    await follow.click();
    await until(lastTime).toBe(clock(40_000));
    expect(await follow.count()).toBe(0);
  });

  it('goes to a line by click and by key', async () => {
    await show();
    await video('void (video.currentTime = 30)');
    await until(lastTime).toBe(clock(30_000));
    const row = list().getByRole('option').nth(-4);
    const wanted = await row.getAttribute('aria-posinset');
    await row.click();
    await until(() => list().getByRole('option').last().getAttribute('aria-posinset')).toBe(wanted);
    expect(await video<number>('video.currentTime')).toBeCloseTo(((Number(wanted) - 1) * 125) / 1000, 1);
    await list().focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('Enter');
    await until(() => video<number>('video.currentTime')).toBeLessThan(0.1);
    await until(lastTime).toBe('0:00:00');
  });

  it('finds words in the whole chat and goes to one of them', async () => {
    await show();
    await page.getByLabel('Search the chat').fill('weather');
    const found = page.getByRole('listbox', { name: 'Lines of the whole chat that were found' });
    const count = chatLinesOf(filmMs).filter(({ text }) => text.includes('weather')).length;
    await page.getByText(`${count} lines`, { exact: true }).waitFor();
    const row = found.getByRole('option').nth(3);
    const at = await row.locator('time').textContent();
    await row.click();
    await until(async () => clock((await video<number>('video.currentTime')) * 1000)).toBe(at);
    await page.getByLabel('Search the chat').fill('no such words');
    await page.getByText('No line has these words.').waitFor();
  });

  it('hides a kind, and remembers it', async () => {
    await show();
    await page.getByRole('button', { name: /^Gifts/ }).click();
    await video('void (video.currentTime = 60)');
    const rest = chatLinesOf(filmMs).filter(({ kind }) => kind !== 'gift').length;
    const counted = () => list().getByRole('option').first().getAttribute('aria-setsize');
    await until(counted).toBe(String(rest));
    await show();
    await video('void (video.currentTime = 60)');
    await until(counted).toBe(String(rest));
    expect(await page.getByRole('button', { name: /^Gifts/ }).getAttribute('aria-pressed')).toBe('false');
  });

  it('lets lines fly over the picture while it plays, and stand when it stands', async () => {
    await show();
    await page.getByRole('switch', { name: 'Over the picture' }).click();
    await video('(video.muted = true, video.play())');
    const layer = page.locator('video + div[aria-hidden="true"]');
    await until(() => layer.locator('bdi').count()).toBeGreaterThan(3);
    await video('video.pause()');
    const states = () =>
      page.evaluate<string[]>(
        "document.querySelector('video + div').getAnimations({ subtree: true }).map((one) => one.playState)",
      );
    await until(async () => [...new Set(await states())]).toEqual(['paused']);
    await video('void (video.currentTime = 50)');
    await until(() => layer.locator('bdi').count()).toBe(0);
  });

  it('moves nothing over the picture for whoever wants no motion', async () => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await show();
    await page.getByRole('switch', { name: 'Over the picture' }).click();
    await video('(video.muted = true, video.play())');
    const lines = page.locator('video + div[aria-hidden="true"] bdi');
    await until(() => lines.count()).toBeGreaterThan(2);
    await video('video.pause()');
    const moves = await page.evaluate<string[]>(
      "document.querySelector('video + div').getAnimations({ subtree: true }).filter((one) => new Set(one.effect.getKeyframes().map((frame) => frame.transform)).size > 1).map((one) => one.effect.target.textContent)",
    );
    expect(moves).toEqual([]);
  });

  it('says what is wrong where the chat can’t be read, and reads it when asked again', async () => {
    const address = `**/api/v1/artifacts/${chatIdOf(broadcast)}/content`;
    const detail = 'No node that holds it answers.';
    await page.route(address, (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        body: JSON.stringify({
          type: 'urn:backlot:error:artifact_away',
          title: detail,
          status: 503,
          detail,
          code: 'artifact_away',
          retryable: true,
          requestId: 'req-fixture',
        }),
      }),
    );
    await page.goto(`${house.fixture.url}/recordings/broadcasts/${broadcast}`);
    const panel = page.getByRole('region', { name: 'Chat', exact: true });
    await panel.getByText(detail).waitFor();
    await page.unroute(address);
    await panel.getByRole('button', { name: 'Try again' }).click();
    await panel.getByText('2 lines could not be read and are left out.').waitFor();
  });

  it('draws a window of a hundred thousand lines, and says where it was cut', async () => {
    const one = (n: number) =>
      JSON.stringify({ ms: Math.floor(n / 2), kind: 'message', user: 'mara', text: `${n}` });
    const text = Array.from({ length: 110_000 }, (_, n) => one(n)).join('\n');
    house.fixture.contents.set(chatIdOf(broadcast), {
      type: 'application/x-ndjson',
      bytes: Buffer.from(text),
    });
    await visit(page, house.fixture.url, `/recordings/broadcasts/${broadcast}`);
    await page.getByText('Only the first 100,000 lines are here').waitFor();
    await video('void (video.currentTime = 46)');
    await until(lastTime).toBe(clock(46_000));
    await video('(video.muted = true, video.play())');
    await until(() => video<number>('video.currentTime')).toBeGreaterThan(48.5);
    // What is not drawn costs no time, however slow the machine is.
    expect(await list().getByRole('option').count()).toBeLessThan(60);
    await until(distanceFromEnd).toBeLessThan(8);
  });

  it.each<Look>([
    { size: 'desktop', scheme: 'light', language: 'en' },
    { size: 'phone', scheme: 'dark', language: 'zh-CN' },
  ])('is in order beside the film: $size, $scheme, $language', async (look) => {
    await page.context().close();
    await open(look);
    await page.goto(`${house.fixture.url}/recordings/broadcasts/${broadcast}`);
    await until(() => video<number>('video?.readyState ?? 0')).toBeGreaterThan(0);
    await video('void (video.currentTime = 12)');
    await until(() => page.getByRole('option').last().locator('time').textContent()).toBe(clock(12_000));
    expect(await structuralFaults(page)).toEqual([]);
    expect(await faintTexts(page)).toEqual([]);
  });
});
