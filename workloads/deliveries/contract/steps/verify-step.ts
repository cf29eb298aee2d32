import { fieldWords, type StepKind } from '@backlot/contract';
import { z } from 'zod';
import { VERIFY_TASK, VerifyResult, verifyMethods } from '../tasks.ts';
import { copyIn, data, fileIn } from './ports.ts';
import { endlessBackoff, forEver } from './upload-step.ts';

const MiB = 1024 ** 2;

export const VerifyStep = z.object({
  method: z
    .enum(verifyMethods)
    .default('auto')
    .meta(
      fieldWords('How', '方式', {
        order: 1,
        advanced: true,
        options: {
          auto: { en: 'read back, or the target’s own SHA-256', 'zh-CN': '回读，或使用目标自身的 SHA-256' },
          'read-back': { en: 'always read everything back', 'zh-CN': '始终完整回读' },
        },
      }),
    ),
});

/** Reads a copy back, size and SHA-256. Only after this may a file be deleted here. */
export const verifyStep: StepKind<z.infer<typeof VerifyStep>> = {
  kind: VERIFY_TASK,
  title: { en: 'Verify copy', 'zh-CN': '校验副本' },
  summary: {
    en: 'Reads the copy back and compares size and SHA-256. Deleting needs this before it.',
    'zh-CN': '回读副本并比对大小和 SHA-256。删除步骤之前必须先校验。',
  },
  icon: 'shield-check',
  parameters: VerifyStep,
  inputs: { file: { type: 'file' }, copy: { type: 'data' } },
  outputs: { verification: { type: 'data' }, file: { type: 'file' } },
  verifies: 'file',
  maxAttempts: forEver,
  persistent: true,
  draft(input) {
    const file = fileIn(input);
    const copy = copyIn(input);
    if (copy.sha256 !== file.digest) {
      throw new Error('The copy is one of another file. Connect the upload and the verify to the same file.');
    }
    return {
      kind: VERIFY_TASK,
      parameters: {
        target: copy.targetId,
        path: copy.path,
        method: input.parameters.method,
        file: { digest: file.digest, size: file.size },
      },
      resources: {
        cpu: 0.2,
        memory: 192 * MiB,
        slot: { key: `deliveries:${copy.targetId}:verify`, perNode: 2 },
      },
      retry: { ...endlessBackoff },
    };
  },
  outcome(input, { result }) {
    const { verification } = VerifyResult.parse(result);
    return { ports: { verification: data(verification), file: { type: 'file', file: fileIn(input) } } };
  },
};
