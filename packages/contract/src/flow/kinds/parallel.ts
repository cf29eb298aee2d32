import { z } from 'zod';
import type { StepKind } from '../step-kind.ts';

/** A place from which several ways go on at once. Steps are parallel by themselves: this one makes it seen. */
export const parallelStep: StepKind<Record<string, never>> = {
  kind: 'flow.parallel',
  title: { en: 'Parallel', 'zh-CN': '并行' },
  summary: { en: 'Everything after it begins at once.', 'zh-CN': '其后的步骤同时开始。' },
  icon: 'arrows-split',
  parameters: z.object({}) as unknown as z.ZodType<Record<string, never>>,
  inputs: {},
  outputs: {},
  performedBy: 'engine',
};
