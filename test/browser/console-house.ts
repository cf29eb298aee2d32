import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { complaintsOf, contextOf, type Look, launch } from './browser.ts';
import { builtConsole } from './built-console.ts';
import { type Fixture, startFixture } from './fixture/server.ts';

/** The built console with its fixture, and a browser. Both are there from the first test of the suite to its last. */
export class ConsoleHouse {
  #fixture: Fixture | undefined;
  #browser: Browser | undefined;

  constructor() {
    beforeAll(async () => {
      this.#fixture = await startFixture(await builtConsole());
      this.#browser = await launch();
    });
    afterAll(async () => {
      await this.#browser?.close();
      await this.#fixture?.close();
    });
  }

  get fixture(): Fixture {
    if (!this.#fixture) throw new Error('The fixture is there from the first test on.');
    return this.#fixture;
  }

  get browser(): Browser {
    if (!this.#browser) throw new Error('The browser is there from the first test on.');
    return this.#browser;
  }

  /** A page in a browser of its own, as one person has it, and what it complains about; whoever opens it closes its context. */
  async open(
    look: Look = { size: 'desktop', scheme: 'dark', language: 'en' },
  ): Promise<{ page: Page; complaints: string[] }> {
    const context = await contextOf(this.browser, look);
    const page = await context.newPage();
    return { page, complaints: complaintsOf(page) };
  }
}
