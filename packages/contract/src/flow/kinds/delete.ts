import { z } from 'zod';
import type { StepKind } from '../step-kind.ts';

/**
 * Puts files into the trash, from where they can be taken back for a day. A flow in which it could come before a verified
 * copy of the same files is refused, and at the time itself it is checked again.
 */
export const deleteStep: StepKind<Record<string, never>> = {
  kind: 'flow.delete',
  title: { en: 'Delete', 'zh-CN': '删除' },
  summary: {
    en: 'Puts files into the trash, after a verified copy only.',
    'zh-CN': '将文件移入回收站，必须先校验副本。',
  },
  icon: 'trash',
  parameters: z.object({}) as unknown as z.ZodType<Record<string, never>>,
  inputs: { files: { type: 'files' } },
  outputs: { report: { type: 'data' } },
  deletes: 'files',
  performedBy: 'control',
};
