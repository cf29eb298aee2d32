import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, complaintsOf, contextOf, type Look, launch } from './browser.ts';
import { builtConsole } from './built-console.ts';
import { idOf } from './fixture/data.ts';
import { type Fixture, type Scenario, startFixture } from './fixture/server.ts';
import { faintTexts, structuralFaults } from './in-page.ts';

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

/** Every pair of size, scheme and language: what goes wrong, goes wrong in two of them at most. */
const looks: Look[] = [
  { size: 'desktop', scheme: 'dark', language: 'en' },
  { size: 'desktop', scheme: 'light', language: 'zh-CN' },
  { size: 'phone', scheme: 'dark', language: 'zh-CN' },
  { size: 'phone', scheme: 'light', language: 'en' },
];
/** Both ends of what differs, for states in which pages differ less. */
const twoLooks: Look[] = [
  { size: 'desktop', scheme: 'dark', language: 'en' },
  { size: 'phone', scheme: 'light', language: 'zh-CN' },
];

describe.skipIf(!chromiumPath)('every page', () => {
  let browser: Browser;
  let fixture: Fixture;

  beforeAll(async () => {
    fixture = await startFixture(await builtConsole());
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await fixture?.close();
  });

  /** A page as one gets there by a link; reloading the console each time would test the browser's cache. */
  async function visit(page: Page, path: string): Promise<void> {
    if (!page.url().startsWith(fixture.url)) await page.goto(`${fixture.url}/nowhere`);
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
    await expect.poll(() => page.locator('[aria-busy="true"]').count(), { timeout: 10_000 }).toBe(0);
  }

  function describeLooks(scenario: Scenario, some: readonly Look[]): void {
    describe.each(some)(`${scenario}, $size, $scheme, $language`, (look) => {
      let context: BrowserContext;
      let page: Page;
      let complaints: string[];
      beforeAll(async () => {
        fixture.scenario = scenario;
        context = await contextOf(browser, look);
        page = await context.newPage();
        complaints = complaintsOf(page);
      });
      afterAll(() => context?.close());

      it.each(Object.entries(paths))('%s', async (_name, path) => {
        complaints.length = 0;
        await visit(page, path);
        expect(await structuralFaults(page)).toEqual([]);
        expect(await faintTexts(page)).toEqual([]);
        expect(complaints).toEqual([]);
        expect(await page.evaluate('document.documentElement.lang')).toBe(look.language);
        expect(await page.evaluate('document.documentElement.dataset.mantineColorScheme')).toBe(look.scheme);
        const text = (await page.evaluate('document.body.innerText')) as string;
        // A key that has no text shows as itself.
        expect(
          text.match(/\b(?:state|word|noun|role|fact|make|camera|frame|sum)\.[a-z][\w.]*/g) ?? [],
        ).toEqual([]);
        expect(text).not.toContain('{{');
        if (look.language === 'zh-CN') expect(text).toMatch(/[\u4e00-\u9fff]/);
      });
    });
  }

  describeLooks('loaded', looks);
  describeLooks('empty', twoLooks);
  describeLooks('broken', twoLooks);

  it('says in the reader’s words what is wrong when the database is away, and goes on when it is back', async () => {
    fixture.scenario = 'broken';
    const context = await contextOf(browser, { size: 'desktop', scheme: 'dark', language: 'en' });
    const page = await context.newPage();
    await page.goto(`${fixture.url}/nodes`);
    await page.getByText('The database can’t be reached at the moment').first().waitFor();
    fixture.scenario = 'loaded';
    await page.getByRole('button', { name: 'Try again' }).first().click();
    await page.getByText('borealis').first().waitFor();
    await context.close();
  });

  it('keeps what was read on the page while the server is away, and says that it is from before', async () => {
    fixture.scenario = 'loaded';
    const context = await contextOf(browser, { size: 'desktop', scheme: 'dark', language: 'en' });
    const page = await context.newPage();
    await visit(page, '/');
    fixture.scenario = 'broken';
    fixture.send(
      'event',
      {
        seq: 1,
        id: idOf('e'),
        at: new Date().toISOString(),
        projectId: null,
        kind: 'node.ready',
        subject: { kind: 'node', id: idOf('node 1') },
        body: {},
      },
      1,
    );
    await page.getByText('What you see is from before').waitFor();
    expect(await page.getByText('borealis').count()).toBeGreaterThan(0);
    fixture.scenario = 'loaded';
    await context.close();
  });
});
