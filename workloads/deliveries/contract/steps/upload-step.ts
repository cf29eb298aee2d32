import { fieldWords, fillTemplate, type StepKind, templateScope } from '@backlot/contract';
import { z } from 'zod';
import { fileTargetKinds } from '../file-targets.ts';
import { cleanPath, escapePathValue } from '../path/remote-path.ts';
import { TargetRef } from '../target.ts';
import { FILE_INPUT, onOtherContent, UPLOAD_TASK, UploadResult } from '../tasks.ts';
import { data, fileIn } from './ports.ts';

const MiB = 1024 ** 2;
/** A failure of somebody else's server is never the end of an upload. */
export const forEver = 1_000_000;
export const endlessBackoff = { backoffMs: 1_000, maxBackoffMs: 10 * 60_000 } as const;

export const UploadStep = z.object({
  target: TargetRef.meta(
    fieldWords('Target', '上传目标', { pick: 'delivery-target', kinds: fileTargetKinds, order: 1 }),
  ),
  path: z
    .string()
    .min(1)
    .max(1_000)
    .default('{{run.name}}/{{inputs.file.name}}')
    .meta(
      fieldWords('Path', '路径', {
        pick: 'path',
        order: 2,
        hint: {
          en: 'Folders with "/". What is filled in never makes a folder of its own.',
          'zh-CN': '用“/”分隔文件夹。填入的内容不会产生新的文件夹。',
        },
      }),
    ),
  onOther: z
    .enum(onOtherContent)
    .default('rename')
    .meta(
      fieldWords('When other content stands there', '同名但内容不同时', {
        order: 3,
        options: {
          rename: { en: 'a new name', 'zh-CN': '自动改名' },
          fail: { en: 'fail', 'zh-CN': '失败' },
        },
      }),
    ),
});
export type UploadStep = z.infer<typeof UploadStep>;

/** A file goes to a target. Tried for ever; what it gives is proved only by `deliveries.verify`. */
export const uploadStep: StepKind<UploadStep> = {
  kind: UPLOAD_TASK,
  title: { en: 'Upload', 'zh-CN': '上传' },
  summary: {
    en: 'Brings a file to a target and goes on after every interruption.',
    'zh-CN': '把文件上传到目标，中断后自动续传。',
  },
  icon: 'cloud-upload',
  parameters: UploadStep,
  inputs: { file: { type: 'file' } },
  outputs: { copy: { type: 'data' }, file: { type: 'file' } },
  raw: ['path'],
  maxAttempts: forEver,
  persistent: true,
  draft(input) {
    const { target, path, onOther } = input.parameters;
    const { digest, size, mediaType, holders = [] } = fileIn(input);
    return {
      kind: UPLOAD_TASK,
      parameters: {
        target,
        path: cleanPath(fillTemplate(path, templateScope(input), escapePathValue)),
        onOther,
        file: { digest, size, mediaType },
      },
      inputs: [{ name: FILE_INPUT, digest, size }],
      resources: { cpu: 0.1, memory: 256 * MiB, slot: { key: `deliveries:${target}`, perNode: 2 } },
      constraints: holders.length > 0 ? { prefer: [...holders] } : {},
      retry: { ...endlessBackoff },
      limits: { stopGraceMs: 10_000 },
    };
  },
  outcome(input, { result }) {
    const { copy } = UploadResult.parse(result);
    return { ports: { copy: data(copy), file: { type: 'file', file: fileIn(input) } } };
  },
};
