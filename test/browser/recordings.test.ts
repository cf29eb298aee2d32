import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chromiumPath } from './browser.ts';
import { ConsoleHouse } from './console-house.ts';
import { idOf } from './fixture/data.ts';
import { makeFilm, makeSegment } from './fixture/film.ts';

describe.skipIf(!chromiumPath)('the pages of recordings', { timeout: 180_000 }, () => {
  const house = new ConsoleHouse();
  let page: Page;
  let complaints: string[];

  beforeEach(async () => {
    house.fixture.changes.length = 0;
    ({ page, complaints } = await house.open());
    page.setDefaultTimeout(30_000);
  });
  afterEach(async () => {
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  const timeline = () => page.getByRole('grid', { name: 'Timeline' });
  /** What has the focus, as somebody hears it who can't see it. */
  const focused = () =>
    page.evaluate<string>(
      '(document.activeElement.getAttribute("aria-label") ?? document.activeElement.innerText).trim()',
    );

  it('add a channel by an address alone, and say what it is taken for', async () => {
    await page.goto(`${house.fixture.url}/recordings?new=1`);
    const panel = page.getByRole('complementary', { name: 'Add a channel' });
    await panel
      .getByLabel(/^Address/)
      .last()
      .fill('https://edge.example/live/7.m3u8');
    await expect.poll(() => panel.getByLabel(/^Kind/).first().inputValue()).toContain('HLS');
    await panel.getByLabel(/^Name/).fill('Seven');
    await panel.getByRole('button', { name: 'Add and watch' }).click();
    await page.waitForURL(/\/recordings\/channels\//);
    const made = house.fixture.changes.find(({ path }) => path === '/api/v1/channels');
    expect(made?.csrf).toBe('fixture-csrf');
    expect(made?.body).toMatchObject({
      name: 'Seven',
      source: { kind: 'hls', url: 'https://edge.example/live/7.m3u8' },
    });
  });

  it('split what is live from the wall, and ask before what would end a recording', async () => {
    await page.goto(`${house.fixture.url}/recordings`);
    await page.getByRole('button', { name: 'Split' }).first().click();
    await expect
      .poll(() => house.fixture.changes.map(({ path }) => path))
      .toContain(`/api/v1/channels/${idOf('channel 0')}/split`);
    await page.goto(`${house.fixture.url}/recordings/channels/${idOf('channel 0')}`);
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    expect(house.fixture.changes.some(({ path }) => path.endsWith('/stop'))).toBe(false);
    await page.getByRole('group').getByRole('button', { name: 'Stop', exact: true }).click();
    await expect.poll(() => house.fixture.changes.some(({ path }) => path.endsWith('/stop'))).toBe(true);
  });

  it('show a hole of three milliseconds when it is chosen from the list', async () => {
    await page.goto(`${house.fixture.url}/recordings/broadcasts/${idOf('broadcast 4')}`);
    const holes = page.getByRole('grid', { name: 'Holes' });
    await holes.getByText('3 ms').click();
    const range = page.getByText(/^\d\d:\d\d:\d\d\.\d{3} to \d\d:\d\d:\d\d\.\d{3}$/);
    const [from = '', to = ''] = ((await range.textContent()) ?? '').split(' to ');
    const ms = (clock: string) =>
      Number(clock.slice(6).replace('.', '')) + Number(clock.slice(3, 5)) * 60_000;
    expect((ms(to) - ms(from) + 3_600_000) % 3_600_000).toBe(1_000);
    await page.getByRole('button', { name: 'All of it' }).click();
  });

  it('take a hole of the timeline by a click as well as from the list', async () => {
    await page.goto(`${house.fixture.url}/recordings/broadcasts/${idOf('broadcast 4')}`);
    await timeline()
      .getByRole('gridcell', { name: /^Hole: .*, 77 ms, / })
      .click();
    await page.getByRole('button', { name: 'All of it' }).click();
  });

  it('go through segments and holes by keyboard, and play one', async () => {
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    const contentOf = (id: string) => `/api/v1/artifacts/${idOf(id)}/content`;
    await page.goto(`${house.fixture.url}/recordings/broadcasts/${idOf('broadcast 4')}`);
    // Hundreds of segments are one stop of the tabulator key.
    await timeline()
      .getByRole('gridcell', { name: /^Take 1, segment 0,/ })
      .waitFor();
    expect(await timeline().locator('[tabindex="0"]').count()).toBe(1);
    // With all of it in the window nothing lies earlier or later: the button before the grid.
    await page.getByRole('button', { name: 'Closer' }).focus();
    await page.keyboard.press('Tab');
    // Number, part, time of day, length and size.
    const clock = String.raw`\d\d:\d\d:\d\d\.\d{3}`;
    await expect
      .poll(focused)
      .toMatch(new RegExp(`^Take 1, segment 0, part 1: ${clock} to ${clock}, 10 s, 3.72 MiB$`));
    const press = async (key: string, name: RegExp) => {
      await page.keyboard.press(key);
      await expect.poll(focused).toMatch(name);
    };
    await press('ArrowRight', /^Take 1, segment 1,/);
    await press('ArrowLeft', /^Take 1, segment 0,/);
    await press('End', /^Take 1, segment 359,.*its end was cut off$/);
    // Into the take that follows, and down to the hole between the two.
    await press('ArrowRight', /^Take 2, segment 360,/);
    await press('ArrowDown', /^Hole: .*, 7,332 ms, /);
    await press('Home', /^Hole: .*, 77 ms, /);
    await press('ArrowUp', /^Take 2, segment 360,/);
    await press('ArrowUp', /^Take 1, segment 359,/);
    await press('Home', /^Take 1, segment 0,/);
    // What has the focus can be seen, as thin as it is drawn.
    const shown = (await page.locator(':focus').boundingBox())?.width ?? 0;
    expect(shown).toBeGreaterThanOrEqual(7);
    expect(await page.evaluate('getComputedStyle(document.activeElement).boxShadow')).not.toBe('none');
    // The tabulator key leaves the grid, and comes back to where one was.
    await press('ArrowRight', /^Take 1, segment 1,/);
    await page.keyboard.press('Shift+Tab');
    expect(await focused()).not.toMatch(/^Take/);
    await page.keyboard.press('Tab');
    await expect.poll(focused).toMatch(/^Take 1, segment 1,/);
    expect(asked).not.toContain(contentOf('segment 0 1'));
    await page.keyboard.press('Enter');
    await expect.poll(() => asked, { timeout: 90_000 }).toContain(contentOf('segment 0 1'));
    const said = page.getByRole('status').filter({ hasText: 'Take 1, segment 1,' });
    await said.waitFor();
    expect(await focused()).toMatch(/^Take 1, segment 1,/);
    expect(await page.locator(':focus').getAttribute('aria-selected')).toBe('true');
    // Nobody has its bytes here: that is said, and not a black picture shown.
    await said.filter({ hasText: 'It can’t be played here' }).waitFor();
    await press('ArrowRight', /^Take 1, segment 2,/);
    await page.keyboard.press('Space');
    await expect.poll(() => asked, { timeout: 90_000 }).toContain(contentOf('segment 0 2'));
    await page.getByRole('button', { name: 'Close player' }).click();
    await expect.poll(() => timeline().locator('[aria-selected="true"]').count()).toBe(0);
  });

  it('go on by arrows where the window of the timeline ends', async () => {
    await page.goto(`${house.fixture.url}/recordings/broadcasts/${idOf('broadcast 4')}`);
    const cells = timeline().getByRole('gridcell');
    await cells.first().waitFor();
    for (let closer = 0; closer < 6; closer++) await page.getByRole('button', { name: 'Closer' }).click();
    const before = await page.getByText(/^\d\d:\d\d:\d\d\.\d{3} to /).textContent();
    expect(await cells.count()).toBeLessThan(10);
    await cells.first().focus();
    const start = Number(/segment (\d+)/.exec(await focused())?.[1]);
    for (let step = 1; step <= 8; step++) {
      await page.keyboard.press('ArrowRight');
      await expect.poll(focused).toMatch(new RegExp(`segment ${start + step},`));
    }
    expect(await page.getByText(/^\d\d:\d\d:\d\d\.\d{3} to /).textContent()).not.toBe(before);
    await page.keyboard.press('Home');
    await expect.poll(focused).toMatch(/^Take [12], segment (0|360),/);
  });

  it('play a segment from its bytes', async () => {
    house.fixture.contents.set(idOf('segment 0 357'), { type: 'video/webm', bytes: makeFilm(2_000) });
    await page.goto(`${house.fixture.url}/recordings/broadcasts/${idOf('broadcast 8')}`);
    await timeline().getByRole('gridcell').first().waitFor();
    // In the whole of it a segment is thinner than what a mouse can point at.
    for (let closer = 0; closer < 5; closer++) await page.getByRole('button', { name: 'Closer' }).click();
    await timeline()
      .getByRole('gridcell', { name: /^Take 1, segment 357,/ })
      .click();
    const playedS = () =>
      page.evaluate<number>(
        `document.querySelector('video[aria-label^="Take 1, segment 357,"]')?.currentTime ?? 0`,
      );
    await expect.poll(playedS, { timeout: 90_000 }).toBeGreaterThan(0);
    await page.getByRole('status').filter({ hasText: 'Playing: Take 1, segment 357,' }).waitFor();
  });

  it.for([
    ['flv', 4],
    ['ts', 12],
  ] as const)('play a segment of %s from the middle of a broadcast', async ([container, n], { skip }) => {
    await page.goto(`${house.fixture.url}/recordings/broadcasts/${idOf(`broadcast ${n}`)}`);
    const knows = await page.evaluate<boolean>(
      `MediaSource.isTypeSupported('video/mp4; codecs="avc1.42E01E"')`,
    );
    skip(!knows, 'This Chromium is built without H.264.');
    house.fixture.contents.set(idOf('segment 0 0'), {
      type: container === 'ts' ? 'video/mp2t' : 'video/x-flv',
      bytes: makeSegment(5_000, container),
    });
    await timeline()
      .getByRole('gridcell', { name: /^Take 1, segment 0,/ })
      .focus();
    await page.keyboard.press('Enter');
    const video = `document.querySelector('video[aria-label^="Take 1, segment 0,"]')`;
    const shown = () => page.evaluate<number>(`${video}?.getVideoPlaybackQuality().totalVideoFrames ?? 0`);
    await expect.poll(shown, { timeout: 90_000 }).toBeGreaterThan(10);
    await page.getByRole('status').filter({ hasText: 'Playing: Take 1, segment 0,' }).waitFor();
    // To its last picture, and not waiting for what lies before it.
    await expect.poll(() => page.evaluate(`${video}?.ended`), { timeout: 90_000 }).toBe(true);
  });

  it('go from a day of the calendar to its broadcasts', async () => {
    await page.goto(`${house.fixture.url}/recordings/broadcasts?as=calendar`);
    await page
      .getByRole('button', { name: /broadcasts?, / })
      .last()
      .click();
    await page.getByRole('heading', { name: /^Broadcasts of / }).waitFor();
    const asked = await page.evaluate<string>('location.search');
    expect(asked).toMatch(/day=\d{4}-\d\d-\d\d/);
    await page.getByRole('grid', { name: 'Broadcasts' }).waitFor();
  });

  it('offer to restore a broadcast while its files are in the trash, and not when they are gone', async () => {
    await page.goto(`${house.fixture.url}/recordings/broadcasts/${idOf('broadcast 16')}`);
    await page.getByText('In the trash until').waitFor();
    await page.getByText('in the trash', { exact: true }).waitFor();
    await page.getByText('They are in the trash, and can be restored until it is emptied.').waitFor();
    await page.getByRole('button', { name: 'Restore' }).click();
    await expect
      .poll(() => house.fixture.changes.map(({ path }) => path))
      .toContain(`/api/v1/broadcasts/${idOf('broadcast 16')}/restore`);
    await page.goto(`${house.fixture.url}/recordings/broadcasts/${idOf('broadcast 33')}`);
    await page.getByText('files are gone', { exact: true }).waitFor();
    await page.getByText('They were deleted for good.').waitFor();
    expect(await page.getByRole('button', { name: 'Restore' }).count()).toBe(0);
    expect(await page.getByText(/in the trash/i).count()).toBe(0);
    // In the list as on its own page.
    await page.goto(`${house.fixture.url}/recordings/broadcasts?state=removed`);
    const list = page.getByRole('grid', { name: 'Broadcasts' });
    await list.getByText('files are gone').first().waitFor();
    await list.getByText('in the trash', { exact: true }).first().waitFor();
  });

  it('filter channels by states that a channel in a list can have', async () => {
    // A link of before asks for those that were taken out, which are in no list.
    await page.goto(`${house.fixture.url}/recordings?as=table&state=removed`);
    await page.getByRole('grid', { name: 'Channels' }).getByText('Seven').waitFor();
    await page.getByRole('combobox', { name: 'State' }).click();
    await page.getByRole('option', { name: 'not live' }).waitFor();
    expect(await page.getByRole('option').allTextContents()).toEqual([
      'off',
      'waits for a node',
      'not live',
      'recording',
    ]);
    await page.getByRole('option', { name: 'off' }).click();
    await page.waitForURL(/state=off/);
  });

  it('do not call a channel offline before its source has answered', async () => {
    await page.goto(`${house.fixture.url}/recordings/channels/${idOf('channel 6')}`);
    const head = page.locator('header', { has: page.getByRole('heading', { name: 'Channel 6' }) });
    await head.getByText('not known yet').waitFor();
    expect(await head.locator('[data-tone]').getAttribute('data-tone')).toBe('idle');
    await page.getByText('A node looks whether the source is live.').waitFor();
    await page.goto(`${house.fixture.url}/recordings/channels/${idOf('channel 10')}`);
    await page
      .locator('header', { has: page.getByRole('heading', { name: 'Channel 10' }) })
      .getByText('not live')
      .waitFor();
  });

  it('copy where to push to, and say that it was copied', async () => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.goto(`${house.fixture.url}/recordings/channels/${idOf('channel 5')}`);
    const clipboard = () => page.evaluate<string>('navigator.clipboard.readText()');
    for (const [what, value] of [
      ['Server', 'rtmp://10.0.0.7:1935/live'],
      ['Stream key', 'a-key-of-more-than-sixteen'],
    ] as const) {
      await page.getByRole('button', { name: `Copy: ${what}` }).click();
      await page.getByRole('button', { name: `Copied: ${what}` }).waitFor();
      expect(await clipboard()).toBe(value);
    }
  });
});
