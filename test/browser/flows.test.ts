import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { chromiumPath } from './browser.ts';
import { ConsoleHouse } from './console-house.ts';
import { idOf } from './fixture/data.ts';
import { detailOf, flows, versions } from './fixture/flows.ts';

describe.skipIf(!chromiumPath)('the editor of flows', { timeout: 180_000 }, () => {
  const house = new ConsoleHouse();
  let page: Page;
  let complaints: string[];

  beforeEach(async () => {
    house.fixture.changes.length = 0;
    ({ page, complaints } = await house.open());
    page.setDefaultTimeout(90_000);
    await page.goto(`${house.fixture.url}/flows/${idOf('flow 0')}`);
    await text().waitFor();
    await node('upload').waitFor();
  });
  afterEach(async () => {
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  const node = (id: string) => page.locator(`.react-flow__node[data-id="${id}"]`);
  const edges = () => page.locator('.react-flow__edge').count();
  /** The text's editor: in a shadow tree, into which Playwright looks by itself. */
  const text = () => page.locator('.cm-content');
  /** What was saved last, by Ctrl-S. */
  async function saved(): Promise<string> {
    const before = house.fixture.changes.length;
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await expect
      .poll(() => house.fixture.changes.slice(before).filter(({ method }) => method === 'PUT').length)
      .toBe(1);
    const change = house.fixture.changes.find(({ method }) => method === 'PUT');
    return (change?.body as { text?: string } | undefined)?.text ?? '';
  }

  it('shows the flow as a picture and as its text, coloured, and the fault that it has', async () => {
    expect(await page.locator('.react-flow__node').count()).toBe(7);
    expect(await text().textContent()).toContain('# Everything that channel seven');
    const colours = await page.evaluate<string[]>(`(() => {
      const host = [...document.querySelectorAll('div')].find((one) => one.shadowRoot);
      const colour = (word) => {
        const span = [...host.shadowRoot.querySelectorAll('.cm-line span')].find((one) => one.textContent === word);
        return span ? getComputedStyle(span).color : 'none';
      };
      return [colour('kind'), getComputedStyle(host.shadowRoot.querySelector('.cm-content')).color];
    })()`);
    expect(colours[0]).not.toBe('none');
    expect(colours[0]).not.toBe(colours[1]);
    // One film is not all that a broadcast may become, so the copy of it is none of every segment.
    await page.getByRole('button', { name: /^1 fault/ }).waitFor();
  });

  it('promises nothing before the control plane has looked at it', async () => {
    const held = Promise.withResolvers<void>();
    await page.route('**/api/v1/flows/check', async (route) => {
      await held.promise;
      await route.continue();
    });
    await page.reload();
    await page.getByText('Checking…').waitFor();
    expect(await page.getByText('No faults').count()).toBe(0);
    held.resolve();
    await page.getByText('Checking…').waitFor({ state: 'detached' });
    await page.getByText(/No faults|\d+ fault/).waitFor();
  });

  it('takes what is typed into the picture', async () => {
    await text().click();
    await page.keyboard.press('Control+End');
    await page.keyboard.insertText(
      '  - id: pause\n    kind: flow.wait\n    with: { for: 5m }\n    after: [ tell ]\n',
    );
    await node('pause').waitFor();
    await page.keyboard.press('Control+z');
    await node('pause').waitFor({ state: 'detached' });
  });

  it('writes what is done on the picture into the text, and leaves the comments', async () => {
    await page.getByRole('button', { name: 'Add step' }).click();
    await page.getByLabel('Find a step').fill('wait');
    await page.keyboard.press('Enter');
    await node('wait').waitFor();
    await page.getByText('YAML', { exact: true }).click();
    await expect.poll(() => text().textContent()).toContain('flow.wait');
    const now = await saved();
    expect(now).toContain('# As it came, only in another container.');
    expect(now).toContain('kind: flow.wait');
  });

  it('removes a step by the keyboard, wires and all, and takes it back', async () => {
    const before = await edges();
    await node('verify').focus();
    await page.keyboard.press('Delete');
    await node('verify').waitFor({ state: 'detached' });
    expect(await edges()).toBeLessThan(before);
    await page.getByRole('button', { name: 'Undo' }).click();
    await node('verify').waitFor();
    await expect.poll(edges).toBe(before);
  });

  it('draws a wire where the value fits, and none where it does not', async () => {
    await page.getByRole('button', { name: 'All of it' }).click();
    const before = await edges();
    const drag = async (from: string, output: string, to: string, input: string) => {
      const start = node(from).locator(`[data-handleid="${output}"]`);
      const end = node(to).locator(`[data-handleid="${input}"]`);
      await start.hover();
      await page.mouse.down();
      await end.hover({ force: true });
      await page.mouse.up();
    };
    await drag('remux', 'out:facts', 'verify', 'in:file');
    expect(await edges()).toBe(before);
    await drag('join', 'branch:error', 'tell', 'after');
    await expect.poll(edges).toBe(before + 1);
    expect(await saved()).toMatch(/after: \[ upload\.error, join\.error \]/);
  });

  it('says why a delete is refused, at the step and at its line, with the way that shows it', async () => {
    await node('trash').focus();
    await page.keyboard.press('Enter');
    // Without the verify before it, nothing may be deleted.
    await text().waitFor({ state: 'detached' });
    await node('verify').focus();
    await page.keyboard.press('Delete');
    await node('verify').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: /fault/ }).click();
    const faults = page.getByRole('list', { name: 'Faults of the flow' });
    await faults.getByText(/verif/i).first().waitFor();
    expect(await faults.textContent()).toMatch(/line \d+/);
    await expect.poll(() => node('trash').locator('[data-problem]').count()).toBeGreaterThanOrEqual(1);
  });

  it('sets parameters by a form made from the step’s schema, with targets to choose from', async () => {
    await node('upload').focus();
    await page.keyboard.press('Enter');
    const form = page.getByRole('region', { name: 'Settings' });
    await form.getByLabel('Target').click();
    await page.getByRole('option', { name: /nas/ }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByLabel('Time limit').fill('2h');
    expect(await saved()).toContain('timeLimit: 2h');
  });

  it('keeps the picture and says the line while the text can’t be read', async () => {
    await text().click();
    await page.keyboard.press('Control+Home');
    await page.keyboard.insertText('steps: [\n');
    await page
      .getByRole('alert')
      .getByText(/can’t be read, line \d+/)
      .waitFor();
    expect(await page.locator('.react-flow__node').count()).toBe(7);
    expect(await page.getByRole('button', { name: 'Save', exact: true }).isDisabled()).toBe(true);
  });

  it('begins from a template, and is stored only when it is saved', async () => {
    await page.goto(`${house.fixture.url}/flows?new=1`);
    await page.getByRole('link', { name: 'Use “Keep every broadcast elsewhere”' }).click();
    await node('upload').waitFor();
    expect(house.fixture.changes.filter(({ path }) => path === '/api/v1/flows')).toEqual([]);
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.waitForURL(new RegExp(`/flows/${idOf('flow 0')}`));
    expect(house.fixture.changes.find(({ path }) => path === '/api/v1/flows')?.body).toMatchObject({
      text: expect.stringContaining('Keep every broadcast elsewhere'),
    });
  });

  it('asks before changes are lost by leaving, and goes on with them when told so', async () => {
    await text().click();
    await page.keyboard.press('Control+Home');
    await page.keyboard.insertText('# Mine.\n');
    await page.getByText('not saved').waitFor();
    // Another part of the same flow leaves nothing.
    await page.getByRole('link', { name: 'Versions' }).click();
    await page.getByRole('grid', { name: 'Versions' }).waitFor();
    const question = page.getByRole('dialog');
    expect(await question.count()).toBe(0);

    await page.getByRole('link', { name: 'Nodes' }).first().click();
    await question.getByText('not saved').waitFor();
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Back');
    await page.keyboard.press('Escape');
    await question.waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'Editor' }).click();
    await expect.poll(() => text().textContent()).toContain('# Mine.');

    await page.getByRole('link', { name: 'Nodes' }).first().click();
    await question.getByRole('button', { name: 'Leave without saving' }).click();
    await page.getByRole('heading', { name: 'Nodes' }).waitFor();
  });

  it('asks when “back” would lose changes, and lets the browser ask when the tab is closed', async () => {
    await page.getByRole('link', { name: 'Nodes' }).first().click();
    await page.getByRole('heading', { name: 'Nodes' }).waitFor();
    await page.goBack();
    await node('upload').waitFor();
    await page.getByRole('button', { name: 'Tidy up' }).click();
    await page.getByText('not saved').waitFor();
    await page.evaluate('history.forward()');
    await page.getByRole('dialog').getByRole('button', { name: 'Back' }).click();
    await page.getByText('not saved').waitFor();
    await expect.poll(() => page.url()).toContain(`/flows/${idOf('flow 0')}`);

    const asked = page.waitForEvent('dialog');
    await page.close({ runBeforeUnload: true });
    const dialog = await asked;
    expect(dialog.type()).toBe('beforeunload');
    await dialog.accept();
  });

  it('stores a new flow once, however often it is told to, and asks for nothing when it goes there', async () => {
    await page.goto(`${house.fixture.url}/flows/new?template=archive`);
    await node('upload').waitFor();
    expect(await page.getByRole('combobox', { name: 'Project' }).count()).toBe(1);
    await page.getByRole('button', { name: 'Tidy up' }).click();
    const release = await held('POST', '/api/v1/flows');
    await node('upload').focus();
    await page.keyboard.press('Control+s');
    await page.keyboard.press('Control+s');
    await expect.poll(release.count).toBe(1);
    await page.keyboard.press('Control+s');
    release.go();
    await page.waitForURL(new RegExp(`/flows/${idOf('flow 0')}`));
    expect(release.count()).toBe(1);
    expect(await page.getByRole('dialog').count()).toBe(0);
  });

  it('keeps what one has written when somebody else saves, says who, and saves on top only when told so', async () => {
    await text().click();
    await page.keyboard.press('Control+Home');
    await page.keyboard.insertText('# Mine.\n');
    await page.getByText('not saved').waitFor();
    await saveElsewhere();
    const notice = page.getByRole('status', { name: 'Saved by somebody else' });
    await notice.getByText('Ola Berg has saved version 8 meanwhile.').waitFor();
    expect(await text().textContent()).toContain('# Mine.');
    await page.keyboard.press('Control+s');

    await notice.getByRole('button', { name: 'What 8 changed' }).click();
    await page.getByRole('region', { name: 'Changes in version 8' }).first().waitFor();
    await page.getByRole('link', { name: 'Editor' }).click();
    await expect.poll(() => text().textContent()).toContain('# Mine.');
    expect(puts()).toEqual([]);

    await page.getByRole('button', { name: 'Save on top of 8' }).click();
    await page.getByRole('button', { name: 'Save mine' }).click();
    await expect.poll(puts).toEqual([expect.objectContaining({ base: 8 })]);
    await notice.waitFor({ state: 'detached' });
  });

  it('takes the other version when told so, and by itself where nothing would be lost', async () => {
    await page.getByRole('button', { name: 'Tidy up' }).click();
    await page.getByText('not saved').waitFor();
    await saveElsewhere();
    await page.getByRole('button', { name: 'Take 8 instead' }).click();
    await page.getByRole('button', { name: 'Drop my changes' }).click();
    await expect.poll(() => text().textContent()).toContain('# Theirs.');
    await page.getByText('Version 8 · saved').waitFor();
    await saveElsewhere(9);
    await page.getByText('Version 9 · saved').waitFor();
    expect(await page.getByRole('status', { name: 'Saved by somebody else' }).count()).toBe(0);
  });

  it('chooses channels by their names, several of them, out of a thousand', async () => {
    await node('trigger').focus();
    await page.keyboard.press('Enter');
    const channels = page
      .getByRole('region', { name: 'Settings' })
      .getByRole('combobox', { name: 'Channels' });
    await channels.fill('Channel 987');
    await page.getByRole('option', { name: 'Channel 987' }).click();
    await channels.fill('体育');
    await page.getByRole('option', { name: '体育频道' }).click();
    await page.keyboard.press('Escape');
    expect(parse(await saved())).toMatchObject({
      trigger: { with: { channels: [idOf('channel 987'), idOf('channel 1')] } },
    });
  });

  /** Keeps the answers to a request back. */
  async function held(method: string, path: string) {
    const { promise, resolve } = Promise.withResolvers<void>();
    let count = 0;
    await page.route(`**${path}`, async (route) => {
      if (route.request().method() !== method) return route.fallback();
      count += 1;
      await promise;
      return route.continue();
    });
    return { count: () => count, go: resolve };
  }
  const puts = () => house.fixture.changes.filter(({ method }) => method === 'PUT').map(({ body }) => body);
  /** Somebody else saves: from now on the flow has their version, and an event says so. */
  async function saveElsewhere(number = 8): Promise<void> {
    const [flow] = flows;
    const [version] = versions;
    if (!flow || !version) throw new Error('The fixture has no flow.');
    const theirs = { ...detailOf(flow), version: number, versionId: idOf(`theirs ${number}`) };
    const theirText = `# Theirs.\n${theirs.text}`;
    const path = `${house.fixture.url}/api/v1/flows/${flow.id}`;
    await page.route(path, (route) =>
      route.request().method() === 'GET'
        ? route.fulfill({ json: { ...theirs, text: theirText } })
        : route.fallback(),
    );
    await page.route(`${path}/versions/${number}`, (route) =>
      route.fulfill({
        json: {
          ...version,
          number,
          text: theirText,
          createdBy: { id: idOf('ola'), name: 'Ola Berg' },
          createdAt: new Date().toISOString(),
        },
      }),
    );
    const event = {
      seq: number,
      id: idOf(`event ${number}`),
      at: new Date().toISOString(),
      projectId: flow.projectId,
      kind: 'flow.changed',
      subject: { kind: 'flow', id: flow.id },
      body: { version: number },
    };
    house.fixture.send('event', event, number);
  }
});
