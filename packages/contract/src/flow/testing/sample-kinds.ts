import { z } from 'zod';
import type { FlowKinds } from '../check/catalogue.ts';
import { kernelSteps } from '../kinds/kernel-steps.ts';
import { collectStepKinds, type StepKind } from '../step-kind.ts';
import type { TriggerFacts } from '../trigger-kind.ts';
import type { FileValue } from '../value.ts';

const words = (en: string) => ({ en, 'zh-CN': en });
const task = { kind: 'test.do', class: 'batch' as const };

/** A file by a digit: its digest is that digit sixty-four times. */
export function sampleFile(digit: number, more: Partial<FileValue> = {}): FileValue {
  return {
    digest: String(digit % 10).repeat(64),
    size: 10 + digit,
    name: `file-${digit}.bin`,
    mediaType: 'application/octet-stream',
    kind: 'test.file',
    meta: {},
    ...more,
  };
}

/** Makes a film of files; carries all of them. */
const join: StepKind<{ title: string }> = {
  kind: 'test.join',
  title: words('Join'),
  summary: words('Joins'),
  parameters: z.object({ title: z.string().default('') }) as unknown as z.ZodType<{ title: string }>,
  inputs: { segments: { type: 'files' } },
  outputs: { film: { type: 'file' }, films: { type: 'files' }, report: { type: 'data' } },
  carries: { film: 'segments', films: 'segments' },
  draft: ({ parameters }) => ({ ...task, parameters: { title: parameters.title } }),
  outcome: (_input, { outputs, result }) => ({
    ports: {
      ...(outputs[0] ? { film: { type: 'file', file: outputs[0] } } : {}),
      films: { type: 'files', files: [...outputs] },
      report: { type: 'data', data: JSON.parse(JSON.stringify(result ?? {})) },
    },
  }),
};
const upload: StepKind<{ path: string }> = {
  kind: 'test.upload',
  title: words('Upload'),
  summary: words('Uploads'),
  parameters: z.object({ path: z.string() }),
  inputs: { file: { type: 'file' } },
  outputs: { copy: { type: 'data' } },
  maxAttempts: 1_000_000,
  persistent: true,
  draft: ({ parameters }) => ({ ...task, parameters }),
  outcome: (_input, { result }) => ({
    ports: { copy: { type: 'data', data: JSON.parse(JSON.stringify(result ?? {})) } },
  }),
};
const verify: StepKind<object> = {
  kind: 'test.verify',
  title: words('Verify'),
  summary: words('Verifies'),
  parameters: z.object({}),
  inputs: { file: { type: 'file' }, copy: { type: 'data' } },
  outputs: {},
  verifies: 'file',
  draft: () => task,
};
const work: StepKind<Record<string, unknown>> = {
  kind: 'test.work',
  title: words('Work'),
  summary: words('Does something'),
  parameters: z.looseObject({}),
  inputs: {
    file: { type: 'file', required: false },
    files: { type: 'files', required: false },
    data: { type: 'data', required: false },
  },
  outputs: { file: { type: 'file' }, files: { type: 'files' }, data: { type: 'data' } },
  draft: ({ parameters }) => {
    if (parameters.refuse === true) throw new Error('refused');
    return { ...task, parameters };
  },
  outcome: (_input, { outputs, result }) => ({
    ports: {
      ...(outputs[0]
        ? { file: { type: 'file', file: outputs[0] }, files: { type: 'files', files: [...outputs] } }
        : {}),
      data: { type: 'data', data: JSON.parse(JSON.stringify(result ?? {})) },
    },
  }),
};
const tell: StepKind<{ text: string }> = {
  kind: 'test.tell',
  title: words('Tell'),
  summary: words('Tells'),
  parameters: z.object({ text: z.string() }),
  inputs: {},
  outputs: {},
  performedBy: 'control',
};

const trigger: TriggerFacts = {
  kind: 'test.ended',
  title: words('Ended'),
  summary: words('When something has ended'),
  parameters: z.object({ channel: z.string().optional() }),
  outputs: { segments: { type: 'files' }, film: { type: 'file' }, data: { type: 'data' } },
  data: ['title'],
};

/** Kinds for tests of the engine: they do nothing. */
export const sampleKinds: FlowKinds = {
  steps: collectStepKinds([...kernelSteps, join, upload, verify, work, tell]),
  triggers: new Map([[trigger.kind, trigger]]),
};
