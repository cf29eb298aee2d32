import { BacklotError } from '@backlot/contract/errors/catalogue';
import { kernelErrors } from '@backlot/contract/errors/kernel';
import { refusalOf } from '@backlot/contract/errors/refusal';
import { deliveryErrors } from '@backlot/deliveries/contract';
import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chromiumPath } from './browser.ts';
import { ConsoleHouse } from './console-house.ts';
import { idOf } from './fixture/data.ts';

describe.skipIf(!chromiumPath)('runs of flows', { timeout: 180_000 }, () => {
  const house = new ConsoleHouse();
  let page: Page;
  let complaints: string[];

  beforeEach(async () => {
    house.fixture.changes.length = 0;
    ({ page, complaints } = await house.open());
    page.setDefaultTimeout(90_000);
  });
  afterEach(async () => {
    expect(complaints).toEqual([]);
    await page.context().close();
  });
  const go = (path: string) => page.goto(`${house.fixture.url}${path}`);
  const started = () =>
    house.fixture.changes.filter(({ path }) => path === `/api/v1/flows/${idOf('flow 0')}/runs`);

  it('are retried from a step', async () => {
    await go(`/flows/runs/${idOf('run 3')}?step=upload`);
    const panel = page.getByRole('complementary', { name: 'To the NAS' });
    await panel.getByText('disk is full').first().waitFor();
    await panel.getByRole('button', { name: 'Retry from here' }).click();
    await panel.getByRole('group').getByRole('button', { name: 'Retry from here' }).click();
    await page.waitForURL(new RegExp(`/flows/runs/${idOf('run 0')}`));
    expect(house.fixture.changes.find(({ path }) => path.endsWith('/retry'))?.body).toEqual({
      from: 'upload',
    });
  });

  it('say in the reader’s language what refused a step of the control plane', async () => {
    const errors = [
      new BacklotError(kernelErrors.not_found, { params: { what: 'delivery target', id: 'studio' } }),
      new BacklotError(deliveryErrors.delivery_target_takes_no_messages, { params: { name: 'nas' } }),
    ];
    const said = [
      '没有找到投递目标 studio，或者您无权查看。请检查编号和项目。',
      'nas 用于存放文件，不接收消息。请选择消息目标。',
    ];
    const chinese = await house.open({ size: 'desktop', scheme: 'light', language: 'zh-CN' });
    try {
      for (const [n, error] of errors.entries()) {
        const failure = { class: 'input', reason: refusalOf(error), signature: `input:${error.code}` };
        await chinese.page.route(`**/flow-runs/${idOf('run 3')}`, async (route) => {
          const run = await (await route.fetch()).json();
          for (const step of run.steps) if (step.state === 'failed') step.failure = failure;
          await route.fulfill({ json: run });
        });
        await chinese.page.goto(`${house.fixture.url}/flows/runs/${idOf('run 3')}?step=upload`);
        const panel = chinese.page.getByRole('complementary');
        await panel
          .getByText(said[n] ?? '')
          .first()
          .waitFor();
        await panel.getByText('输入无法使用。', { exact: true }).waitFor();
      }
      expect(chinese.complaints).toEqual([]);
    } finally {
      await chinese.page.context().close();
    }
  });

  it('are retried once, however often one presses', async () => {
    const answered = Promise.withResolvers<void>();
    await page.route('**/retry', async (route) => {
      await answered.promise;
      await route.continue();
    });
    await go(`/flows/runs/${idOf('run 3')}`);
    const newest = page.getByRole('button', { name: 'With the newest version' });
    await newest.click();
    await page.getByRole('menuitem', { name: 'With the newest version' }).click();
    await expect.poll(() => newest.isDisabled()).toBe(true);
    answered.resolve();
    await page.waitForURL(new RegExp(`/flows/runs/${idOf('run 0')}`));
    expect(house.fixture.changes.filter(({ path }) => path.endsWith('/retry'))).toHaveLength(1);
  });

  it('begin by hand with a broadcast: its segments in order, and what its end would have told', async () => {
    await go(`/flows/${idOf('flow 0')}?run=1`);
    const panel = page.getByRole('complementary', { name: 'Run now' });
    await panel.getByRole('combobox', { name: 'As after a broadcast' }).click();
    await page.getByRole('option', { name: /Evening news 3,/ }).click();
    await panel.getByText(/^720 files, /).waitFor();
    await panel.getByRole('button', { name: 'Run', exact: true }).click();
    await page.waitForURL(/\/flows\/runs\//);
    expect(started()).toHaveLength(1);
    expect(started()[0]?.body).toMatchObject({
      artifacts: { segments: expect.arrayContaining([expect.stringMatching(/^[0-9a-f-]{36}$/)]) },
      data: { title: 'Evening news 3, 晚间新闻', channelId: idOf('channel 3') },
    });
  });

  it('begin by hand with files that are found by their kind among thousands of others', async () => {
    await go(`/flows/${idOf('flow 0')}?run=1`);
    const panel = page.getByRole('complementary', { name: 'Run now' });
    const files = panel.getByRole('combobox', { name: 'Files for “Segments”' });
    const skips = panel.getByText('No file is chosen: steps that take one are skipped.');
    await skips.waitFor();
    // Older than what the list begins with.
    await files.fill('film');
    await page.getByRole('option', { name: /Evening news 207,/ }).click();
    await files.fill(idOf('artifact of flows 3'));
    await page.getByRole('option', { name: /t1\/s3\.flv/ }).click();
    await panel.getByRole('button', { name: 'Leave out t1/s3.flv' }).click();
    expect(await skips.count()).toBe(0);
    await panel.getByRole('button', { name: 'Run', exact: true }).click();
    await page.waitForURL(/\/flows\/runs\//);
    expect(started()[0]?.body).toMatchObject({ artifacts: { segments: [idOf('artifact of flows 207')] } });
  });

  it('say whether there is nothing to choose from, or nothing of that name', async () => {
    await page.route('**/api/v1/broadcasts?*', (route) => route.fulfill({ json: { items: [] } }));
    await go(`/flows/${idOf('flow 0')}?run=1`);
    const broadcasts = page.getByRole('combobox', { name: 'As after a broadcast' });
    await broadcasts.click();
    await page.getByText('No broadcast is over yet').waitFor();
    await broadcasts.fill('Evening');
    await page.getByText('No broadcast that is over is called so').waitFor();
  });

  it('do not begin with data that can’t be read, and the field says why', async () => {
    await go(`/flows/${idOf('flow 0')}?run=1`);
    const panel = page.getByRole('complementary', { name: 'Run now' });
    const data = panel.getByLabel(/^Data for texts/);
    await data.fill('{"title": "Evening news"');
    await panel.getByText('This is not JSON yet.').waitFor();
    const run = panel.getByRole('button', { name: 'Run', exact: true });
    expect(await run.isDisabled()).toBe(true);
    await data.fill('["Evening news"]');
    await panel.getByText('Write an object in curly braces').waitFor();
    await data.fill('{"title": "Evening news"}');
    await run.click();
    await page.waitForURL(/\/flows\/runs\//);
    expect(started()[0]?.body).toMatchObject({ data: { title: 'Evening news' } });
  });

  it('are narrowed down to one of a thousand flows, and an empty answer is not told as “nothing yet”', async () => {
    await go('/flows/runs');
    await page.getByRole('grid', { name: 'Runs' }).waitFor();
    await page.getByRole('combobox', { name: 'Flow' }).fill('Flow 987');
    await page.getByRole('option', { name: 'Flow 987' }).click();
    await page.getByText('No run is like this').waitFor();
    expect(await page.getByText('Nothing has run yet').count()).toBe(0);
    await page.getByRole('button', { name: 'Show all runs' }).click();
    await page.getByRole('grid', { name: 'Runs' }).waitFor();
  });
});
