import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Look } from '../browser.ts';
import type { ConsoleHouse } from '../console-house.ts';
import { idOf } from '../fixture/data.ts';
import type { Scenario } from '../fixture/server.ts';
import { faintTexts, structuralFaults } from '../in-page.ts';

/** Every page, each as it is with something open in it. */
const paths = {
  overview: '/',
  renders: '/renders',
  'new render': '/renders/new',
  'render job': `/renders/${idOf('job 0')}`,
  'render that misses files': `/renders/${idOf('job 5')}`,
  library: `/renders/models?open=${idOf('model 1')}`,
  apps: '/streams',
  'new app': '/streams/new?demo=1',
  app: '/streams/apps/showroom',
  'app versions': `/streams/apps/showroom?part=versions&version=4`,
  'app settings': '/streams/apps/showroom?part=settings',
  'app sharing': '/streams/apps/training-rig?part=share',
  'stream sessions': '/streams/sessions',
  'stream session table': '/streams/sessions?as=table',
  'stream session': `/streams/sessions/${idOf('session 7')}`,
  'stream queue': '/streams/queue',
  instances: `/streams/instances?open=${idOf('instance 0')}`,
  rooms: '/rooms?new=1',
  room: `/rooms/live/${idOf('room 0')}`,
  'room with a lobby': `/rooms/live/${idOf('room 1')}?invite=1`,
  'somebody in a room': `/rooms/live/${idOf('room 0')}?who=guest-1`,
  'media workers': '/rooms/media/workers',
  flows: '/flows',
  'flow templates': '/flows?new=1',
  flow: `/flows/${idOf('flow 0')}`,
  'new flow': '/flows/new?template=archive',
  'flow versions': `/flows/${idOf('flow 0')}?part=versions&version=6`,
  'runs of a flow': `/flows/${idOf('flow 0')}?part=runs`,
  'flow by hand': `/flows/${idOf('flow 0')}?run=1`,
  'flow runs': '/flows/runs',
  'flow run': `/flows/runs/${idOf('run 0')}?step=remux`,
  'failed flow run': `/flows/runs/${idOf('run 3')}?step=upload`,
  channels: '/recordings',
  'channel table': '/recordings?as=table',
  'new channel': '/recordings?new=1',
  channel: `/recordings/channels/${idOf('channel 1')}`,
  'push channel': `/recordings/channels/${idOf('channel 5')}?edit=1`,
  broadcasts: '/recordings/broadcasts',
  'calendar of broadcasts': '/recordings/broadcasts?as=calendar',
  broadcast: `/recordings/broadcasts/${idOf('broadcast 4')}`,
  'disk forecast': '/recordings/disk',
  uploads: '/deliveries',
  targets: `/deliveries/targets?target=${idOf('target 1')}`,
  'message target': `/deliveries/targets?target=${idOf('target 3')}`,
  'new target': '/deliveries/targets?new=1',
  messages: '/deliveries/messages',
  nodes: '/nodes',
  'join panel': '/nodes?add=1',
  node: `/nodes/${idOf('node 0')}`,
  jobs: `/jobs?open=${idOf('job 0')}`,
  job: `/jobs/${idOf('job 0')}?task=${idOf('task 0 41')}`,
  task: `/tasks/${idOf('task 0 41')}`,
  events: '/events',
  audit: '/audit?open=900',
  people: `/access?part=people&open=${idOf('陈晓')}`,
  projects: `/access?part=projects&open=${idOf('film')}`,
  tokens: '/access?part=tokens&open=new',
  settings: '/settings?part=general',
  webhooks: `/settings?part=webhooks&open=${idOf('hook 1')}`,
  about: '/settings?part=about',
  account: '/settings/account',
  'no such page': '/nowhere',
} as const;

/**
 * Goes to a page of the console at `url` as one gets there by a link; reloading the console each time would test the browser's cache.
 */
export async function visit(page: Page, url: string, path: string): Promise<void> {
  if (!page.url().startsWith(url)) await page.goto(`${url}/nowhere`);
  else await page.evaluate("history.pushState({}, '', '/nowhere')");
  await page
    .getByText(/There is no page at this address|此地址没有页面/)
    .first()
    .waitFor();
  if (path === '/nowhere') return;
  await page.evaluate("document.querySelector('h1').dataset.left = 'yes'");
  await page.evaluate(`history.pushState({}, '', ${JSON.stringify(path)})`);
  await page.locator('h1:not([data-left])').first().waitFor();
  // Placeholders are marked as busy; when none is left, the page shows what it has.
  await expect.poll(() => page.locator('[aria-busy="true"]').count(), { timeout: 60_000 }).toBe(0);
}

/** Opens every page in each of the looks: nothing is out of place, too faint, without a text, or complains. */
export function describePages(house: ConsoleHouse, scenario: Scenario, looks: readonly Look[]): void {
  describe.each(looks)(`${scenario}, $size, $scheme, $language`, (look) => {
    let page: Page;
    let complaints: string[];
    beforeAll(async () => {
      house.fixture.scenario = scenario;
      ({ page, complaints } = await house.open(look));
    });
    afterAll(() => page?.context().close());

    it.each(Object.entries(paths))('%s', async (_name, path) => {
      complaints.length = 0;
      await visit(page, house.fixture.url, path);
      expect(await structuralFaults(page)).toEqual([]);
      expect(await faintTexts(page)).toEqual([]);
      expect(complaints).toEqual([]);
      expect(await page.evaluate('document.documentElement.lang')).toBe(look.language);
      expect(await page.evaluate('document.documentElement.dataset.mantineColorScheme')).toBe(look.scheme);
      const text = (await page.evaluate('document.body.innerText')) as string;
      // A key that has no text shows as itself.
      expect(text.match(/\b(?:state|word|noun|role|fact|make|camera|frame|sum)\.[a-z][\w.]*/g) ?? []).toEqual(
        [],
      );
      // A value that nobody filled in. Flows have texts with fields of their own: {{trigger.title}}.
      expect(text.match(/\{\{\s*\w+\s*\}\}/g) ?? []).toEqual([]);
      if (look.language === 'zh-CN') expect(text).toMatch(/[\u4e00-\u9fff]/);
    });
  });
}
