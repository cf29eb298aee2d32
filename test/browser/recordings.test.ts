import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chromiumPath } from './browser.ts';
import { ConsoleHouse } from './console-house.ts';
import { idOf } from './fixture/data.ts';

describe.skipIf(!chromiumPath)('the pages of recordings', { timeout: 60_000 }, () => {
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
});
