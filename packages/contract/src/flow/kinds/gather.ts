import { z } from 'zod';
import type { StepKind } from '../step-kind.ts';

export const GatherParameters = z.object({
  mode: z
    .enum(['all', 'any', 'settled'])
    .default('all')
    .meta({
      phrase: { en: 'Goes on', 'zh-CN': '继续条件' },
      options: {
        all: { en: 'when all have succeeded', 'zh-CN': '全部成功' },
        any: { en: 'when the first has succeeded', 'zh-CN': '任一成功' },
        settled: { en: 'when all have ended and one has succeeded', 'zh-CN': '全部结束且至少一个成功' },
      },
    }),
});

/**
 * Where ways meet. `all`: as every step does; `any`: as soon as the first has succeeded; `settled`: when nothing is open
 * any more, and something has succeeded (the two ways of a condition meet so). A failure that `any` or `settled` got over
 * is handled.
 */
export const gatherStep: StepKind<z.infer<typeof GatherParameters>> = {
  kind: 'flow.gather',
  title: { en: 'Gather', 'zh-CN': '汇合' },
  summary: { en: 'Ways meet here and go on as one.', 'zh-CN': '多条路径在此汇合后继续。' },
  icon: 'arrows-join',
  parameters: GatherParameters as unknown as z.ZodType<z.infer<typeof GatherParameters>>,
  inputs: { files: { type: 'files', required: false }, data: { type: 'data', required: false } },
  outputs: { files: { type: 'files' }, data: { type: 'data' } },
  performedBy: 'engine',
};
