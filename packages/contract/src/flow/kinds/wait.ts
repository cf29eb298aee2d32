import { z } from 'zod';
import { said } from '../check/said.ts';
import { FlowDuration } from '../definition.ts';
import type { StepKind } from '../step-kind.ts';

const template = z
  .string()
  .max(500)
  .regex(
    /\{\{/,
    said({ en: 'Give a duration, or a template in {{ }}.', 'zh-CN': '请填写时长，或 {{ }} 中的模板。' }),
  );
export const WaitParameters = z
  .object({
    for: z
      .union([FlowDuration, template])
      .optional()
      .meta({ phrase: { en: 'For', 'zh-CN': '时长' }, pick: 'duration' }),
    until: z
      .union([z.iso.datetime({ offset: true }), z.number(), template])
      .optional()
      .meta({
        phrase: { en: 'Until', 'zh-CN': '直到' },
        hint: { en: 'A time such as {{trigger.publishAt}}', 'zh-CN': '时间，例如 {{trigger.publishAt}}' },
        pick: 'template',
      }),
  })
  .refine((value) => (value.for === undefined) !== (value.until === undefined), {
    message: said({ en: 'Give either "for" or "until".', 'zh-CN': '请填写 for 或 until 其中之一。' }),
  });

/** Longest wait. */
export const waitLimitMs = 366 * 24 * 3_600_000;

/** Waits without occupying anything. */
export const waitStep: StepKind<z.infer<typeof WaitParameters>> = {
  kind: 'flow.wait',
  title: { en: 'Wait', 'zh-CN': '等待' },
  summary: { en: 'Goes on after a time, or at one.', 'zh-CN': '等待一段时间或到指定时间后继续。' },
  icon: 'clock',
  parameters: WaitParameters,
  inputs: {},
  outputs: {},
  performedBy: 'engine',
};
