import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chromiumPath } from './browser.ts';
import { ConsoleHouse } from './console-house.ts';
import { idOf } from './fixture/data.ts';

/** What has the focus, as somebody hears it who can't see it. */
const focused = (page: Page) =>
  page.evaluate<string>(
    '(document.activeElement.getAttribute("aria-label") ?? document.activeElement.innerText ?? document.activeElement.tagName).trim()',
  );

describe.skipIf(!chromiumPath)('by keyboard alone', () => {
  const house = new ConsoleHouse();
  let page: Page;

  beforeEach(async () => {
    house.fixture.scenario = 'loaded';
    house.fixture.changes.length = 0;
    ({ page } = await house.open());
  });
  afterEach(() => page.context().close());

  it('one signs in, and lands where one wanted to go', async () => {
    house.fixture.scenario = 'signedOut';
    await page.goto(`${house.fixture.url}/nodes`);
    await page.getByLabel('E-mail').waitFor();
    await page.keyboard.type('mara@studio.example');
    await page.keyboard.press('Tab');
    await page.keyboard.type('wrong');
    await page.keyboard.press('Enter');
    await page.getByText('E-mail or password is wrong').waitFor();
    await page.getByLabel('Password', { exact: true }).focus();
    await page.keyboard.press('Control+A');
    await page.keyboard.type('correct horse');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Nodes' }).waitFor();
  });

  it('the first stop skips the navigation', async () => {
    await page.goto(house.fixture.url);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('Skip to the page');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('content');
  });

  it('the palette goes to pages and to things of the fleet', async () => {
    await page.goto(house.fixture.url);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    const search = page.getByPlaceholder('Go to a page, node or job, or do something');
    // What is typed before it has the focus goes to the page behind it.
    const open = async () => {
      await page.keyboard.press('Control+K');
      await expect.poll(() => search.evaluate((input) => input.matches(':focus'))).toBe(true);
    };
    await open();
    await page.keyboard.type('event');
    // Arrows go through what is listed: until the list has followed the words, that is everything.
    const palette = page.getByRole('dialog');
    await palette.getByText('Rooms').first().waitFor({ state: 'detached' });
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Events' }).waitFor();
    await open();
    await page.keyboard.type('borealis');
    // The page behind the palette names nodes, too.
    await palette.getByText('borealis').first().waitFor();
    await palette.getByText('Rooms').first().waitFor({ state: 'detached' });
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'borealis' }).waitFor();
  });

  it('a table of a thousand is walked with arrows, opened with Enter and left with Escape', async () => {
    await page.goto(`${house.fixture.url}/jobs`);
    const grid = page.getByRole('grid', { name: 'Jobs' });
    await grid.waitFor();
    await grid.focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    const panel = page.getByRole('complementary', { name: 'Crane close-up' });
    await panel.waitFor();
    expect(await focused(page)).toBe('Crane close-up');
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
    expect(await focused(page)).toBe('Jobs');
    // The end of what is loaded brings the next pages: only rows in sight exist.
    await expect
      .poll(
        async () => {
          await page.keyboard.press('End');
          return grid.getAttribute('aria-rowcount');
        },
        { timeout: 60_000 },
      )
      .toBe('1001');
    expect(await grid.getByRole('row').count()).toBeLessThan(80);
  });

  it('somebody is added to a project, given another role, and taken out again', async () => {
    await page.goto(`${house.fixture.url}/access?part=projects&open=${idOf('film')}`);
    await page.getByLabel('E-mail of the person').focus();
    await page.keyboard.type('Kenji@studio.example');
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('Role');
    await page.keyboard.press('ArrowDown');
    await page.getByRole('option', { name: /^operator/ }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('Add to the project');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.getByLabel('E-mail of the person').inputValue()).toBe('');
    expect(await page.evaluate('document.activeElement.type')).toBe('email');

    const members = page.getByRole('region', { name: 'Members' });
    await members
      .getByLabel(/^Role of /)
      .first()
      .focus();
    await page.keyboard.press('ArrowDown');
    await page.getByRole('option', { name: /^viewer/ }).waitFor();
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await expect.poll(() => house.fixture.changes.length).toBe(2);
    await members.getByRole('button', { name: 'Remove' }).first().focus();
    await page.keyboard.press('Enter');
    await page.getByText(/loses the role in this project/).waitFor();
    expect(await focused(page)).toBe('Back');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await expect.poll(() => house.fixture.changes.length).toBe(3);

    const of = `/api/v1/projects/${idOf('film')}/members`;
    const one = expect.stringMatching(new RegExp(`^${of}/[0-9a-f-]{36}$`));
    expect(house.fixture.changes).toMatchObject([
      { method: 'POST', path: of, body: { email: 'kenji@studio.example', role: 'operator' } },
      { method: 'PUT', path: one, body: { role: 'viewer' } },
      { method: 'DELETE', path: one },
    ]);
  });

  it('a question in place has its harmless answer first, and Escape takes it back', async () => {
    await page.goto(`${house.fixture.url}/nodes/${idOf('node 1')}`);
    const remove = page.getByRole('button', { name: 'Remove' });
    await remove.focus();
    await page.keyboard.press('Enter');
    await page.getByText('Remove borealis for good?').waitFor();
    expect(await focused(page)).toBe('Back');
    await page.keyboard.press('Escape');
    await remove.waitFor();
    await expect.poll(() => focused(page)).toBe('Remove');
    expect(house.fixture.changes).toEqual([]);
    await page.keyboard.press('Enter');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Nodes' }).waitFor();
    expect(house.fixture.changes).toMatchObject([{ method: 'DELETE', csrf: 'fixture-csrf' }]);
  });

  it('frames are walked with arrows, and the viewer goes through pictures and closes', async () => {
    await page.goto(`${house.fixture.url}/renders/${idOf('job 0')}`);
    const map = page.getByRole('group', { name: 'Frame map' });
    await map.waitFor();
    await map.locator('button[tabindex="0"]').focus();
    await page.keyboard.press('Home');
    expect(await focused(page)).toMatch(/^Frame 1: done/);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Zoom: Frame 2' }).waitFor();
    await page.getByRole('button', { name: 'Zoom: Frame 2' }).focus();
    await page.keyboard.press('Enter');
    const viewer = page.getByRole('dialog', { name: 'Picture viewer' });
    await viewer.waitFor();
    await expect.poll(() => focused(page)).toBe('Close');
    await page.keyboard.press('ArrowRight');
    await viewer.getByText('Frame 3').waitFor();
    await page.keyboard.press('+');
    await expect.poll(() => viewer.textContent()).toMatch(/150 %/);
    await page.keyboard.press('Escape');
    await viewer.waitFor({ state: 'detached' });
  });

  it('the camera is turned with arrows', async () => {
    await page.goto(`${house.fixture.url}/renders/new`);
    await page.getByRole('button', { name: 'More settings' }).click();
    await page.getByRole('combobox', { name: 'Camera' }).click();
    await page.getByRole('option', { name: 'Chosen angle' }).click();
    const dial = page.getByRole('slider', { name: 'Camera angle; arrow keys turn it' });
    await dial.focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Shift+ArrowUp');
    expect(await dial.getAttribute('aria-valuetext')).toBe('Around 40°, Above 35°');
  });
});
