import { z } from 'zod';
import { type Phrase, PhraseParams } from '../phrase.ts';

const Problem: z.ZodType<Phrase> = z.object({ en: z.string(), 'zh-CN': z.string() });

/** One thing that is wrong with a flow, and where in its definition. */
export const FlowIssue = z.object({
  /** Into the definition: `['steps', 2, 'in', 'file']`. */
  path: z.array(z.union([z.string(), z.number()])),
  /** A code of `flowIssuePhrases`. */
  code: z.string(),
  params: PhraseParams,
  /** What `{problem}` among the parameters says, in every language: it comes from a parser, and is no phrase of its own. */
  problem: Problem.optional(),
  /** In the language of whoever asked; English unless told. */
  message: z.string(),
  /** Id of the step that it is about. */
  step: z.string().optional(),
  /** An `error` keeps the flow from being saved, a `warning` does not. */
  severity: z.enum(['error', 'warning']),
  /** In the text that was checked, from 1. */
  line: z.number().int().optional(),
  column: z.number().int().optional(),
  /** The way through the flow that shows it: ids of steps in order. */
  way: z.array(z.string()).optional(),
});
export type FlowIssue = z.infer<typeof FlowIssue>;
