import type { StepKind } from '@backlot/contract';
import { z } from 'zod';
import { PartParameters } from './contract.ts';

const Counting = z.object({
  index: z.number().int().min(0).max(10_000).default(0),
  /** Milliseconds that it takes. */
  stepMs: z.number().int().min(0).max(60_000).default(0),
});

/** One part as a step of a flow: a real process that writes one small file. It can be killed as often as one likes. */
const count: StepKind<z.infer<typeof Counting>> = {
  kind: 'tiny.count-one',
  title: { en: 'Count one', 'zh-CN': '计数一次' },
  summary: { en: 'Writes one number into a file.', 'zh-CN': '将一个数字写入文件。' },
  parameters: Counting as unknown as z.ZodType<z.infer<typeof Counting>>,
  inputs: { before: { type: 'file', required: false } },
  outputs: { number: { type: 'file' }, result: { type: 'data' } },
  maxAttempts: 1_000,
  persistent: true,
  draft: ({ parameters, inputs }) => ({
    kind: 'tiny.part',
    parameters: PartParameters.parse({ ...parameters, steps: 1, mode: 'ok', faultyAttempts: 0, note: '' }),
    inputs:
      inputs.before?.type === 'file'
        ? [{ name: 'before.txt', digest: inputs.before.file.digest, size: inputs.before.file.size }]
        : [],
    resources: { cpu: 0.1, memory: 64 * 1024 * 1024 },
    constraints: { capabilities: [{ name: 'tiny', features: ['count'] }] },
    retry: { backoffMs: 20, maxBackoffMs: 200 },
    limits: { silenceMs: 60_000, stopGraceMs: 500 },
  }),
  outcome: (_input, { outputs, result }) => ({
    ports: {
      ...(outputs[0] ? { number: { type: 'file', file: outputs[0] } } : {}),
      result: { type: 'data', data: JSON.parse(JSON.stringify(result ?? {})) },
    },
  }),
};

export const tinySteps: readonly StepKind[] = [count];
