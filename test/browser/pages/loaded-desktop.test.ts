import { describe } from 'vitest';
import { chromiumPath } from '../browser.ts';
import { ConsoleHouse } from '../console-house.ts';
import { describePages } from './every-page.ts';

// With its twin for phones: every pair of size, scheme and language. What goes wrong, goes wrong in two of them at most.
describe.skipIf(!chromiumPath)('every page of a studio at work', () => {
  describePages(new ConsoleHouse(), 'loaded', [
    { size: 'desktop', scheme: 'dark', language: 'en' },
    { size: 'desktop', scheme: 'light', language: 'zh-CN' },
  ]);
});
