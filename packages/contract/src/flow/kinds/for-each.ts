import { z } from 'zod';
import { PortReference } from '../definition.ts';
import type { StepKind } from '../step-kind.ts';

export const ForEachParameters = z.object({
  collect: PortReference.optional().meta({
    phrase: { en: 'Collect', 'zh-CN': '收集' },
    hint: { en: 'An output of a step inside: upload.copy', 'zh-CN': '循环内某一步的输出，例如 upload.copy' },
  }),
  atOnce: z
    .number()
    .int()
    .min(1)
    .max(1_000)
    .default(1_000)
    .meta({ phrase: { en: 'At the same time', 'zh-CN': '同时进行' }, advanced: true }),
});

/** Most items of one for-each. */
export const forEachLimit = 1_000;
/** Most for-eaches inside of each other. */
export const forEachDepth = 2;
/** Most steps of one run, each round's counted: all of them are read whenever one has ended. */
export const runStepLimit = 5_000;

/**
 * Runs the steps in its body (those that say `within: <its id>`) once for each file, or each element of a list. Inside,
 * `<id>.file`, `<id>.item` and `<id>.index` are what it is at; afterwards `<id>.files` and `<id>.results` are what the
 * port named by `collect` gave, in order.
 */
export const forEachStep: StepKind<z.infer<typeof ForEachParameters>> = {
  kind: 'flow.for-each',
  title: { en: 'For each', 'zh-CN': '逐个处理' },
  summary: { en: 'Does the steps inside once for each file.', 'zh-CN': '对每个文件执行其中的步骤。' },
  icon: 'repeat',
  parameters: ForEachParameters as unknown as z.ZodType<z.infer<typeof ForEachParameters>>,
  inputs: { files: { type: 'files', required: false }, data: { type: 'data', required: false } },
  outputs: { files: { type: 'files' }, results: { type: 'data' } },
  raw: ['collect'],
  performedBy: 'engine',
};

/** What a body sees of its for-each. */
export const itemPorts = { file: { type: 'file' }, item: { type: 'data' }, index: { type: 'data' } } as const;
