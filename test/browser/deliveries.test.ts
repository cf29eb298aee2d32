import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chromiumPath } from './browser.ts';
import { ConsoleHouse } from './console-house.ts';
import { idOf } from './fixture/data.ts';

describe.skipIf(!chromiumPath)('the pages of deliveries', { timeout: 180_000 }, () => {
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

  const open = async (name: string, number: number) => {
    await page.goto(`${house.fixture.url}/deliveries/targets?target=${idOf(`target ${number}`)}`);
    const panel = page.getByRole('complementary', { name });
    await panel.waitFor();
    return panel;
  };
  const changes = () => house.fixture.changes.map(({ method, path }) => `${method} ${path}`);

  it('try what stands in the form: a changed one is saved first, and the button says so', async () => {
    const panel = await open('archive', 1);
    await panel.getByRole('button', { name: 'Try it', exact: true }).click();
    await panel.getByText('It works (12 ms).').waitFor();
    const path = `/api/v1/delivery-targets/${idOf('target 1')}`;
    expect(changes()).toEqual([`POST ${path}/test`]);
    await panel
      .getByLabel(/^Bucket/)
      .first()
      .fill('films');
    await panel.getByRole('button', { name: 'Save and try' }).click();
    await expect.poll(changes).toEqual([`POST ${path}/test`, `PATCH ${path}`, `POST ${path}/test`]);
    expect(house.fixture.changes[1]?.body).toMatchObject({ settings: { bucket: 'films' } });
    await panel.getByRole('button', { name: 'Try it', exact: true }).waitFor();
  });

  it('set limits, and take away a secret that need not be there', async () => {
    const panel = await open('archive', 1);
    await panel.getByLabel('Bandwidth of a node').fill('12.5');
    await panel.getByLabel('Uploads at once').fill('4');
    expect(await panel.getByRole('button', { name: /^Take away: / }).count()).toBe(1);
    await panel.getByRole('button', { name: 'Take away: Session token' }).click();
    await panel.getByRole('button', { name: 'Save', exact: true }).click();
    await expect.poll(() => house.fixture.changes.length).toBe(1);
    const [saved] = house.fixture.changes;
    expect(saved?.body).toMatchObject({ limits: { bytesPerSecond: 12_500_000, parallel: 4 } });
    expect(saved?.body).toHaveProperty('secrets', { sessionToken: null });
  });

  it('show which events a target is told, add some and take some away', async () => {
    const panel = await open('duty', 3);
    const events = panel.getByRole('region', { name: 'Events' });
    await events.getByText('disk.low, node.lost').waitFor();
    await events.getByLabel('Kinds of events').fill('recordings.stall');
    await page.keyboard.press('Enter');
    await events.getByRole('button', { name: 'Add' }).click();
    await expect.poll(changes).toContain('POST /api/v1/delivery-subscriptions');
    expect(house.fixture.changes[0]?.body).toMatchObject({
      targetId: idOf('target 3'),
      kinds: ['recordings.stall'],
      language: 'en',
    });
    await events.getByRole('button', { name: 'Remove: flow.run.failed' }).click();
    await expect.poll(changes).toContain(`DELETE /api/v1/delivery-subscriptions/${idOf('route 1')}`);
  });

  it('delete a target, and close what shows it', async () => {
    const panel = await open('nas', 0);
    await panel.getByRole('button', { name: 'Delete', exact: true }).click();
    await panel.getByRole('button', { name: 'Delete the target' }).click();
    await expect.poll(changes).toEqual([`DELETE /api/v1/delivery-targets/${idOf('target 0')}`]);
    await panel.waitFor({ state: 'detached' });
  });
});
