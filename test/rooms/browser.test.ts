import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { findWorker } from '@backlot/rooms/testing/media-house';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, type Look } from '../browser/browser.ts';
import { faintTexts, structuralFaults } from '../browser/in-page.ts';
import type { Studio } from '../system/studio.ts';
import { waitUntil } from '../system/wait-until.ts';
import { launchWithDevices, Person, type PersonOptions } from './person.ts';
import { createRoom, startRoomsStudio, workersOf } from './rooms-studio.ts';

const page = resolve(import.meta.dirname, '../../packages/console/dist/pages/rooms/index.html');
const able = chromiumPath !== undefined && existsSync(page) && (await findWorker()) !== undefined;

const looks: readonly Look[] = [
  { size: 'desktop', scheme: 'light', language: 'en' },
  { size: 'phone', scheme: 'dark', language: 'zh-CN' },
];

/** The real product, real media workers, real browsers with made-up cameras: what people in a room see and hear. */
describe.skipIf(!able)('a room in browsers', { timeout: 240_000 }, () => {
  let studio: Studio;
  let browser: Browser;
  let people: Person[] = [];

  beforeAll(async () => {
    studio = await startRoomsStudio();
    browser = await launchWithDevices();
  }, 240_000);
  afterEach(async () => {
    await Promise.all(people.map((person) => person.close()));
    people = [];
  });
  afterAll(async () => {
    await browser?.close();
    const ended = await studio?.close();
    expect(ended?.leftovers ?? []).toEqual([]);
  });

  async function open(options: PersonOptions): Promise<Person> {
    const person = await Person.open(browser, studio, options);
    people.push(person);
    return person;
  }
  const come = async (options: PersonOptions) => (await (await open(options)).join()).inRoom();

  it('lets two people see and hear each other, and write', async () => {
    await createRoom(studio, 'two');
    const ada = await come({ room: 'two', identity: 'ada', role: 'host', name: 'Ada Lovelace' });
    const bo = await come({ room: 'two', identity: 'bo', name: 'Bo Li' });
    await Promise.all([ada.sees('bo', { more: 30 }), bo.sees('ada', { more: 30 })]);
    for (const person of [ada, bo]) {
      await waitUntil(`${person.identity} hears the beep`, async () => {
        const { seconds, energy } = await person.heard();
        return seconds > 2 && energy > 0.0001;
      });
    }

    await ada.page.keyboard.press('c');
    await ada.page.getByLabel('Write to everybody').fill('Good morning <b>all</b>');
    await ada.page.keyboard.press('Enter');
    // Whoever has the chat closed sees that something was written.
    await bo.page.getByRole('button', { name: 'Chat' }).getByText('1').waitFor();
    await bo.page.getByRole('button', { name: 'Chat' }).click();
    await bo.page.getByText('Good morning <b>all</b>', { exact: true }).waitFor();
    await bo.page.getByText('Ada Lovelace').first().waitFor();

    await bo.page.getByRole('button', { name: 'Leave' }).click();
    await bo.page.getByRole('heading', { name: 'You have left' }).waitFor();
    await ada.page.getByText('1 person').waitFor();
    expect([...ada.complaints, ...bo.complaints]).toEqual([]);
  });

  it('shows a shared screen large, and takes it away again', async () => {
    await createRoom(studio, 'screens');
    const ada = await come({ room: 'screens', identity: 'ada', withoutCamera: true });
    const bo = await come({ room: 'screens', identity: 'bo', withoutCamera: true });
    await ada.page.getByRole('button', { name: 'Share the screen' }).click();
    await bo.sees('ada', { source: 'screen', more: 5 });
    await ada.page.getByRole('button', { name: 'Stop sharing' }).click();
    await bo.page.locator('video[data-source=screen]').waitFor({ state: 'detached' });
  });

  it('sends the layer that fits the size in which a picture is shown', async () => {
    await createRoom(studio, 'layers');
    const ada = await come({ room: 'layers', identity: 'ada' });
    const bo = await come({ room: 'layers', identity: 'bo', withoutCamera: true });
    await waitUntil('bo gets the large picture', async () => (await bo.widthOf('ada')) === 1280);
    // One's own tile large makes the other's one of those in the strip.
    await bo.page.getByRole('button', { name: 'Show bo (you) large' }).click();
    await waitUntil('bo gets a small picture', async () => {
      const width = await bo.widthOf('ada');
      return width > 0 && width <= 640;
    });
    await bo.sees('ada');
    // Nobody wants the large encoding now: it is not even made.
    await waitUntil('ada sends fewer encodings', async () => (await activeEncodings(ada)) < 3);
    await bo.page.getByRole('button', { name: 'Back to the others' }).click();
    await waitUntil('bo gets the large picture again', async () => (await bo.widthOf('ada')) === 1280);
    expect(await activeEncodings(ada)).toBe(3);
  });

  it('goes on with the same media when the socket was cut, and tells what was said meanwhile', async () => {
    await createRoom(studio, 'cut');
    const ada = await come({ room: 'cut', identity: 'ada' });
    const bo = await come({ room: 'cut', identity: 'bo' });
    await Promise.all([ada.sees('bo'), bo.sees('ada')]);
    await ada.page.keyboard.press('c');
    const before = await bo.connections();
    await bo.cutSocket();
    await ada.page.getByLabel('Write to everybody').fill('Are you there?');
    await ada.page.keyboard.press('Enter');
    await bo.page.getByText('Connected again.').waitFor();
    await bo.page.keyboard.press('c');
    await bo.page.getByText('Are you there?').waitFor();
    await Promise.all([ada.sees('bo'), bo.sees('ada')]);
    const after = await bo.connections();
    expect(after.sockets).toBe(before.sockets + 1);
    expect(after.peers).toBe(before.peers);
  });

  it('is back in sound and picture after its media workers were killed', async () => {
    await createRoom(studio, 'killed');
    const ada = await come({ room: 'killed', identity: 'ada', role: 'host' });
    const bo = await come({ room: 'killed', identity: 'bo' });
    await Promise.all([ada.sees('bo'), bo.sees('ada')]);
    for (const pid of workersOf(studio)) process.kill(pid, 'SIGKILL');
    await waitUntil('both have new connections', async () => {
      const opened = await Promise.all([ada.connections(), bo.connections()]);
      return opened.every(({ peers }) => peers >= 4);
    });
    await Promise.all([ada.sees('bo', { more: 30 }), bo.sees('ada', { more: 30 })]);
    const { seconds } = await bo.heard();
    await waitUntil('bo hears ada again', async () => (await bo.heard()).seconds > seconds + 1);
    await ada.page.getByText('2 people').waitFor();
  });

  it('lets a moderator mute, let speak again, and remove', async () => {
    await createRoom(studio, 'order');
    const ada = await come({
      room: 'order',
      identity: 'ada',
      role: 'host',
      name: 'Ada',
      withoutCamera: true,
    });
    const bo = await come({ room: 'order', identity: 'bo', name: 'Bo', withoutCamera: true });
    await ada.page.keyboard.press('p');
    const actions = ada.page.getByRole('button', { name: 'Actions for Bo' });
    await actions.click();
    await ada.page.getByRole('button', { name: 'Mute', exact: true }).click();
    await bo.page.getByText('Ada has muted you.').waitFor();
    await bo.page.getByRole('button', { name: 'Switch the microphone on' }).click();
    await bo.page.getByText('A moderator has muted you. Ask to be allowed to speak.').waitFor();
    await actions.click();
    await ada.page.getByRole('button', { name: 'Allow to speak' }).click();
    await bo.page.getByText('Ada lets you speak again.').waitFor();
    await bo.page.getByRole('button', { name: 'Switch the microphone on' }).click();
    await bo.page.getByRole('button', { name: 'Mute the microphone' }).waitFor();
    await actions.click();
    await ada.page.getByRole('button', { name: 'Remove' }).click();
    await ada.page.getByRole('button', { name: 'Remove Bo?' }).click();
    await bo.page.getByRole('heading', { name: 'You were removed' }).waitFor();
    // The same link does not let them in again.
    await bo.page.getByRole('button', { name: 'Join again' }).click();
    await bo.join();
    const refusal = await bo.page.getByRole('alert').textContent();
    expect(refusal).toMatch(/You were removed from this room|This link was withdrawn/);
  });

  it('lets those in the lobby wait until they are let in, and refuses in words when it is locked', async () => {
    await createRoom(studio, 'door', { lobby: true });
    const ada = await come({ room: 'door', identity: 'ada', role: 'host', name: 'Ada', withoutCamera: true });
    const bo = await (await open({ room: 'door', identity: 'bo', name: 'Bo' })).join();
    await bo.page.getByRole('heading', { name: 'You will be let in' }).waitFor();
    await ada.page.keyboard.press('p');
    await ada.page.getByRole('button', { name: 'Let in' }).click();
    await bo.inRoom();
    await ada.sees('bo');
    await ada.page.getByRole('button', { name: 'Lock the room' }).click();
    await bo.page.getByText('Locked').first().waitFor();
    const cy = await (await open({ room: 'door', identity: 'cy' })).join();
    await cy.page.getByRole('alert').getByText('The room is locked.').waitFor();
  });

  it('carries six people', async () => {
    await createRoom(studio, 'six');
    const first = await come({ room: 'six', identity: 'p1' });
    const second = await come({ room: 'six', identity: 'p2' });
    const others: Person[] = [];
    for (const identity of ['p3', 'p4', 'p5', 'p6']) {
      others.push(await come({ room: 'six', identity, withoutCamera: true }));
    }
    for (const person of others) {
      await person.page.getByText('6 people').waitFor();
      await person.sees('p1');
      await person.sees('p2');
    }
    await Promise.all([first.sees('p2'), second.sees('p1')]);
  });

  it.each(looks)('can be read and used by everybody: $size, $scheme, $language', async (look) => {
    const room = `looks-${look.size}-${look.scheme}`;
    await createRoom(studio, room);
    const person = await open({ room, identity: 'ada', role: 'host', name: 'Ada', look });
    const check = async () => {
      expect(await structuralFaults(person.page)).toEqual([]);
      expect(await faintTexts(person.page)).toEqual([]);
    };
    await person.page.locator('select').nth(2).waitFor();
    await check();
    await (await person.join()).inRoom();
    for (const key of ['c', 'p', 'i']) {
      await person.page.keyboard.press(key);
      await person.page.getByRole('complementary').waitFor();
      await check();
      await person.page.keyboard.press('Escape');
      await person.page.getByRole('complementary').waitFor({ state: 'detached' });
    }
    expect(await person.page.evaluate('document.documentElement.lang')).toBe(look.language);
    expect((await person.page.evaluate('document.body.innerText')) as string).not.toContain('{');
    expect(person.complaints).toEqual([]);
  });

  it('says how long joining takes', async () => {
    await createRoom(studio, 'speed');
    await come({ room: 'speed', identity: 'ada' });
    const firstFrames: number[] = [];
    for (let n = 0; n < 8; n += 1) {
      const bo = await come({ room: 'speed', identity: `bo-${n}`, withoutCamera: true });
      await bo.sees('ada', { more: 1 });
      firstFrames.push(await bo.page.evaluate<number>('__probe.firstFrameMs'));
      await bo.close();
      people = people.filter((person) => person !== bo);
    }
    firstFrames.sort((a, b) => a - b);
    const at = (share: number) => Math.round(firstFrames[Math.ceil(share * firstFrames.length) - 1] ?? 0);
    console.info(`From the click on Join to the first decoded frame: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms`);
    expect(firstFrames).toHaveLength(8);
  });
});

/** Encodings of the camera that are being sent. */
function activeEncodings(person: Person): Promise<number> {
  return person.page.evaluate<number>(`(() => {
    for (const peer of __probe.peers) {
      if (peer.connectionState === 'closed') continue;
      for (const sender of peer.getSenders()) {
        if (sender.track?.kind !== 'video') continue;
        return sender.getParameters().encodings.filter((encoding) => encoding.active).length;
      }
    }
    return 0;
  })()`);
}
