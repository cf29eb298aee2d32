import type { Phrase } from '@backlot/contract/phrase';
import { z } from 'zod';
import type { OptionSpec } from '../command.ts';

/** Options that several commands share, with the schema of their values. */
export const limitOption: OptionSpec = {
  flags: '-n, --limit <count>',
  description: { en: 'how many to show at most', 'zh-CN': '最多显示多少条' },
  defaultText: '50',
};
export const limitSchema = z.coerce
  .number<unknown>({ error: 'write a number' })
  .int('write a whole number')
  .min(1, 'at least 1')
  .max(100_000, 'at most 100000')
  .default(50);

export const projectOption: OptionSpec = {
  flags: '-p, --project <name>',
  description: { en: 'only of this project (its name or id)', 'zh-CN': '仅限此项目（名称或编号）' },
};

export const yesOption: OptionSpec = {
  flags: '-y, --yes',
  description: { en: 'do not ask', 'zh-CN': '不再询问' },
};

/** An option that takes `key=value` pairs, once per pair. */
export const pairsSchema = z
  .array(z.string().regex(/^[^=]+=/, 'write key=value'))
  .default([])
  .transform((pairs) =>
    Object.fromEntries(
      pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
    ),
  );

/** A phrase for an argument that is an id or the beginning of one. */
export function idOf(en: string, zh: string): Phrase {
  return {
    en: `id of the ${en}; its first letters are enough`,
    'zh-CN': `${zh}编号，输入开头几位即可`,
  };
}
