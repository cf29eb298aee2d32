import { describe, expect, it } from 'vitest';
import { chromiumPath, type Look } from '../browser.ts';
import { ConsoleHouse } from '../console-house.ts';
import { idOf } from '../fixture/data.ts';
import { describePages, visit } from './every-page.ts';

/** Both ends of what differs, for states in which pages differ less. */
const looks: readonly Look[] = [
  { size: 'desktop', scheme: 'dark', language: 'en' },
  { size: 'phone', scheme: 'light', language: 'zh-CN' },
];

describe.skipIf(!chromiumPath)('every page with nothing on it', () => {
  const house = new ConsoleHouse();
  describePages(house, 'empty', looks);
  describePages(house, 'broken', looks);

  it('says in the reader’s words what is wrong when the database is away, and goes on when it is back', async () => {
    house.fixture.scenario = 'broken';
    const { page } = await house.open();
    await page.goto(`${house.fixture.url}/nodes`);
    await page.getByText('The database can’t be reached at the moment').first().waitFor();
    house.fixture.scenario = 'loaded';
    await page.getByRole('button', { name: 'Try again' }).first().click();
    await page.getByText('borealis').first().waitFor();
    await page.context().close();
  });

  it('keeps what was read on the page while the server is away, and says that it is from before', async () => {
    house.fixture.scenario = 'loaded';
    const { page } = await house.open();
    await visit(page, house.fixture.url, '/');
    house.fixture.scenario = 'broken';
    house.fixture.send(
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
    house.fixture.scenario = 'loaded';
    await page.context().close();
  });
});
