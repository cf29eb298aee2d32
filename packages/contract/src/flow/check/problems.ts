import type { z } from 'zod';
import zhCN from 'zod/v4/locales/zh-CN.js';
import type { Phrase } from '../../phrase.ts';
import { phraseSaid } from './said.ts';

const { localeError } = zhCN();

/** What zod finds, where a value takes one of several shapes: what is wrong with the one that it comes closest to. */
function closest(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue;
  // A union says "invalid input" only. The shape whose kind of value is right says what is wrong with the value.
  const best = issue.errors.flat().find(({ code }) => code !== 'invalid_type' && code !== 'invalid_union');
  return best ? { ...best, path: [...issue.path, ...best.path] } : issue;
}

/**
 * What is wrong with a value that does not fit its schema, in every language.
 * @param found of a parse with `reportInput`, without which zod can't say in Chinese what it got
 */
export function problemOfShape(found: z.core.$ZodIssue): Phrase {
  const issue = closest(found);
  const own = phraseSaid(issue.message);
  if (own) return own;
  const made = localeError(issue as z.core.$ZodRawIssue);
  const zh = typeof made === 'string' ? made : made?.message;
  // What a schema says in its own words is not zod's to translate.
  const zods = /^(Invalid|Too |Unrecognized)/.test(issue.message);
  return { en: issue.message, 'zh-CN': zods && zh !== undefined ? zh : issue.message };
}
