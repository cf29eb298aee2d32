import { z } from 'zod';
import type { StepKind } from '../step-kind.ts';

export const ConditionParameters = z.object({
  if: z
    .string()
    .min(1)
    .max(2_000)
    .meta({ phrase: { en: 'Condition', 'zh-CN': '条件' }, pick: 'condition' }),
});

/** Goes on by `true` or `false`. Its expression is not a template: it is read by the engine itself. */
export const conditionStep: StepKind<z.infer<typeof ConditionParameters>> = {
  kind: 'flow.condition',
  title: { en: 'Condition', 'zh-CN': '条件' },
  summary: { en: 'Goes on one way or the other.', 'zh-CN': '根据条件选择后续路径。' },
  icon: 'git-branch',
  parameters: ConditionParameters,
  inputs: { data: { type: 'data', required: false } },
  outputs: { data: { type: 'data' } },
  branches: ['true', 'false'],
  raw: ['if'],
  performedBy: 'engine',
};
