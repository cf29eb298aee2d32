import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { exitCodes } from '../exit-codes.ts';
import { controlSettings } from './control-settings.ts';
import { nodeSettings } from './node-settings.ts';
import { envKey, type Settings } from './setting.ts';

/** The formatter aligns tables; how many spaces that takes is not the point. */
const squeezed = (text: string) => text.replace(/ +/g, ' ');
const readme = squeezed(readFileSync(new URL('../../README.md', import.meta.url), 'utf8'));
const machine = { platform: 'linux', home: '/home/you', isRoot: false, env: {} } as const;

/** The rows that the README has to hold; on a failure, paste them from the message. */
function rows(table: Settings): string {
  return Object.entries(table)
    .map(([name, { defaultText, help }]) => `| \`${envKey(name)}\` | ${defaultText} | ${help.en} |`)
    .join('\n')
    .replaceAll('/home/you', '~');
}

it.each([
  ['control', controlSettings(machine)],
  ['node', nodeSettings(machine)],
])('the README tells every setting of %s as it is', (_kind, table) => {
  expect(readme).toContain(squeezed(rows(table)));
});

it('the README tells every exit code', () => {
  for (const code of Object.values(exitCodes))
    expect(readme).toMatch(new RegExp(`^\\|.*\\b${code}\\b.*\\|`, 'm'));
});
