import { readFileSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { chromiumPath, complaintsOf, contextOf, type Look } from '../browser/browser.ts';
import type { Studio } from '../system/studio.ts';
import { waitUntil } from '../system/wait-until.ts';

/** A browser with a camera and a microphone that nobody has to hold: a turning clock and a beep. */
export function launchWithDevices(): Promise<Browser> {
  if (!chromiumPath) throw new Error('No Chromium was found. Install it, or name it in BACKLOT_CHROMIUM.');
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream',
      '--autoplay-policy=no-user-gesture-required',
      // Candidates on loopback are not worth hiding, and there is no mDNS here to find them again.
      '--disable-features=WebRtcHideLocalIpsWithMdns',
      // Tests look at several windows at once; none of them is in the background.
      '--disable-renderer-backgrounding',
      '--disable-background-timer-throttling',
      '--disable-backgrounding-occluded-windows',
      '--font-render-hinting=none',
    ],
  });
}

const probe = readFileSync(new URL('in-page/probe.js', import.meta.url), 'utf8');
const plain: Look = { size: 'desktop', scheme: 'dark', language: 'en' };

export interface PersonOptions {
  readonly identity: string;
  readonly room: string;
  readonly role?: 'host' | 'member' | 'viewer';
  readonly name?: string;
  readonly look?: Look;
  /** Comes without a camera, so that many fit on a small machine. */
  readonly withoutCamera?: boolean;
}

/** One person at the room page, in a browser profile of their own. */
export class Person {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly identity: string;
  readonly complaints: string[];

  private constructor(context: BrowserContext, page: Page, identity: string) {
    this.context = context;
    this.page = page;
    this.identity = identity;
    this.complaints = complaintsOf(page);
  }

  /** Opens the invitation; {@link join} goes in. */
  static async open(browser: Browser, studio: Studio, options: PersonOptions): Promise<Person> {
    const { identity, room, role = 'member', name = identity, look = plain } = options;
    const context = await contextOf(browser, look);
    await context.addInitScript(probe);
    if (options.withoutCamera) {
      await context.addInitScript("localStorage.setItem('backlot.room.camera.on', 'no')");
    }
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    const person = new Person(context, page, identity);
    await page.goto(await invitation(studio, { identity, room, role, name }));
    return person;
  }

  async join(): Promise<this> {
    await this.page.locator('button[type=submit]:enabled').click();
    return this;
  }

  async inRoom(): Promise<this> {
    await this.page.getByRole('toolbar').waitFor();
    return this;
  }

  /** Frames of somebody's picture that this person was shown so far. */
  frames(identity: string, source = 'camera'): Promise<number> {
    return this.page.evaluate<number>(`__probe.frames.get(${JSON.stringify(`${identity}/${source}`)}) ?? 0`);
  }

  /** Until `more` further frames of somebody's picture were shown. */
  async sees(identity: string, options: { source?: string; more?: number } = {}): Promise<void> {
    const { source = 'camera', more = 15 } = options;
    const before = await this.frames(identity, source);
    await waitUntil(`${this.identity} sees ${more} more frames of ${identity}'s ${source}`, async () => {
      return (await this.frames(identity, source)) >= before + more;
    });
  }

  /** Pixels of the picture as it arrives: the layer that is sent. */
  widthOf(identity: string, source = 'camera'): Promise<number> {
    return this.page.evaluate<number>(
      `document.querySelector('video[data-identity="${identity}"][data-source="${source}"]')?.videoWidth ?? 0`,
    );
  }

  /** What has been heard so far, of everybody: seconds of sound, and its energy, which silence has none of. */
  heard(): Promise<{ readonly seconds: number; readonly energy: number }> {
    return this.page.evaluate<{ seconds: number; energy: number }>(`(async () => {
      let seconds = 0, energy = 0;
      for (const peer of __probe.peers) {
        (await peer.getStats()).forEach((entry) => {
          if (entry.type !== 'inbound-rtp' || entry.kind !== 'audio') return;
          seconds += entry.totalSamplesDuration ?? 0;
          energy += entry.totalAudioEnergy ?? 0;
        });
      }
      return { seconds, energy };
    })()`);
  }

  /** How many connections the page has opened so far. */
  connections(): Promise<{ readonly peers: number; readonly sockets: number }> {
    return this.page.evaluate<{ peers: number; sockets: number }>(
      '({ peers: __probe.peers.length, sockets: __probe.sockets.length })',
    );
  }

  /** Breaks the signalling as a network does: without a word. */
  async cutSocket(): Promise<void> {
    await this.page.evaluate("__probe.sockets.at(-1).close(3000, 'cut by a test')");
  }

  async close(): Promise<void> {
    await this.context.close();
  }
}

/** The address that the API gives for somebody, with this studio's port. */
export async function invitation(
  studio: Studio,
  who: { identity: string; room: string; role: string; name: string },
): Promise<string> {
  const { identity, room, role, name } = who;
  const { joinUrl } = await studio.api<{ joinUrl: string }>('POST', `/api/v1/rooms/${room}/tokens`, {
    identity,
    name,
    role,
  });
  const url = new URL(joinUrl);
  return new URL(`${url.pathname}${url.search}${url.hash}`, studio.url).href;
}
