import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chromiumPath } from './browser.ts';
import { ConsoleHouse } from './console-house.ts';
import * as data from './fixture/data.ts';

const event = (seq: number, kind: string, subject: { kind: string; id: string }, body: object = {}) => ({
  seq,
  id: data.idOf(`live ${seq}`),
  at: new Date().toISOString(),
  projectId: data.idOf('film'),
  kind,
  subject,
  body,
});

describe.skipIf(!chromiumPath)('live data', () => {
  const house = new ConsoleHouse();
  let page: Page;
  let complaints: string[];

  beforeEach(async () => {
    house.fixture.scenario = 'loaded';
    ({ page, complaints } = await house.open());
  });
  afterEach(async () => {
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('shows a node’s load as it is measured, without reading the node again', async () => {
    await page.goto(house.fixture.url);
    await page.getByText('borealis').first().waitFor();
    const reads: string[] = [];
    page.on('request', (request) => reads.push(request.url()));
    const id = data.idOf('node 1');
    const load = {
      ...data.loadAt(1, data.fixtureNow),
      at: new Date(Date.now() + 60_000).toISOString(),
      cpu: 0.875,
    };
    await expect
      .poll(
        async () => {
          house.fixture.send('live', { kind: 'node.load', subject: { kind: 'node', id }, body: load });
          return page.locator('li', { hasText: 'borealis' }).first().textContent();
        },
        { timeout: 60_000 },
      )
      .toContain('88 %');
    expect(reads.filter((url) => url.includes('/nodes'))).toEqual([]);
  });

  it('draws at most twice a second, however much arrives', async () => {
    await page.goto(`${house.fixture.url}/nodes`);
    await page.getByText('borealis').first().waitFor();
    await page.waitForTimeout(800);
    await page.evaluate(`
      window.drawn = [];
      new MutationObserver(() => window.drawn.push(performance.now())).observe(
        document.querySelector('[role=grid]'), { subtree: true, childList: true, attributes: true, characterData: true });
    `);
    const started = Date.now();
    for (let burst = 0; burst < 40; burst += 1) {
      for (const [index, node] of data.nodes.entries()) {
        const load = {
          ...data.loadAt(index, data.fixtureNow),
          at: new Date(Date.now() + 60_000).toISOString(),
          cpu: (burst % 10) / 10,
        };
        house.fixture.send('live', { kind: 'node.load', subject: { kind: 'node', id: node.id }, body: load });
      }
      await page.waitForTimeout(50);
    }
    const seconds = (Date.now() - started) / 1000;
    const times = await page.evaluate<number[]>('window.drawn');
    // Ticking clocks ("3 sec. ago") draw once a second besides.
    const frames = times.filter((at, index) => index === 0 || at - (times[index - 1] ?? 0) > 40).length;
    expect(frames).toBeGreaterThan(1);
    expect(frames).toBeLessThanOrEqual(Math.ceil(seconds * 3) + 2);
  });

  it('holds new events back until they are asked for: nothing jumps under the reader', async () => {
    await page.goto(`${house.fixture.url}/events`);
    const grid = page.getByRole('grid', { name: 'Events' });
    await grid.getByRole('row').nth(3).waitFor();
    const before = await grid.textContent();
    const subject = { kind: 'node', id: data.idOf('node 1') };
    await expect
      .poll(
        async () => {
          house.fixture.send('event', event(60_000, 'node.unreachable', subject), 60_000);
          return page.getByRole('button', { name: '1 new event' }).count();
        },
        { timeout: 60_000 },
      )
      .toBe(1);
    expect(await grid.textContent()).toBe(before);
    await page.getByRole('button', { name: '1 new event' }).click();
    await grid.getByText('node.unreachable').waitFor();
  });

  it('reads a thing again when something has happened to it', async () => {
    await page.goto(`${house.fixture.url}/jobs`);
    await page.getByText('Harbour shot 012').first().waitFor();
    const subject = { kind: 'job', id: data.idOf('job 0') };
    const again = page.waitForResponse((response) => response.url().includes('/api/v1/jobs?'));
    await page.waitForTimeout(300);
    house.fixture.send('event', event(60_001, 'job.changed', subject), 60_001);
    expect((await again).status()).toBe(200);
  });

  it('reads a job again while its tasks progress, but every two seconds at most, and its tasks not at all', async () => {
    const id = data.idOf('job 0');
    await page.goto(`${house.fixture.url}/jobs/${id}`);
    await page.getByText('Harbour shot 012').first().waitFor();
    await page.waitForTimeout(800);
    const reads: string[] = [];
    page.on('request', (request) => reads.push(new URL(request.url()).pathname));
    const started = Date.now();
    for (let step = 0; step < 60; step += 1) {
      house.fixture.send('live', {
        kind: 'task.progress',
        subject: { kind: 'task', id: data.idOf(`task ${step % 7}`) },
        body: { fraction: step / 60, jobId: id },
      });
      await page.waitForTimeout(50);
    }
    const most = Math.ceil((Date.now() - started) / 2_000) + 1;
    const ofJob = reads.filter((path) => path === `/api/v1/jobs/${id}`);
    expect(ofJob.length).toBeGreaterThan(0);
    expect(ofJob.length).toBeLessThanOrEqual(most);
    expect(reads.filter((path) => path.startsWith('/api/v1/tasks'))).toEqual([]);
  });

  it('goes on after the last event that it saw when the server comes back', async () => {
    await page.goto(`${house.fixture.url}/events`);
    await page.getByRole('grid', { name: 'Events' }).waitFor();
    const subject = { kind: 'node', id: data.idOf('node 1') };
    await expect
      .poll(
        async () => {
          house.fixture.send('event', event(70_000, 'node.ready', subject), 70_000);
          return page.getByRole('button', { name: /new event/ }).count();
        },
        { timeout: 60_000 },
      )
      .toBe(1);
    const resumed = page.waitForRequest((request) => request.url().includes('/events/stream'));
    house.fixture.dropStreams();
    expect((await resumed).headers()['last-event-id']).toBe('70000');
    await page.getByRole('button', { name: /^Health/ }).click();
    await page.getByText('connected').waitFor();
  });

  it('lets go of the pages when the session has ended, and takes them up again after signing in', async () => {
    await page.goto(`${house.fixture.url}/jobs`);
    await page.getByText('Harbour shot 012').first().waitFor();
    house.fixture.scenario = 'signedOut';
    house.fixture.send(
      'event',
      event(80_000, 'job.changed', { kind: 'job', id: data.idOf('job 0') }),
      80_000,
    );
    await page.getByLabel('E-mail').fill('mara@studio.example');
    await page.getByLabel('Password', { exact: true }).fill('correct horse');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Harbour shot 012').first().waitFor();
  });
});
