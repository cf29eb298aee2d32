import { fieldWords, type StepKind } from '@backlot/contract';
import { z } from 'zod';
import { COMMAND_TASK, CommandParameters, FILE_INPUT } from '../tasks.ts';
import { data } from './ports.ts';

const MiB = 1024 ** 2;

export const CommandStep = z.object({
  command: CommandParameters.shape.command.meta(
    fieldWords('Command', '命令', {
      order: 1,
      hint: {
        en: 'A name from the list that an administrator or the node’s operator keeps.',
        'zh-CN': '管理员或节点运维者允许的命令名称。',
      },
    }),
  ),
  args: CommandParameters.shape.args.meta(
    fieldWords('Arguments', '参数', {
      order: 2,
      hint: { en: 'Each is one argument, whatever is in it.', 'zh-CN': '每一项是一个参数，内容不会被解释。' },
    }),
  ),
});

/** A program that is allowed by name, in the sandbox, with arguments that are data. */
export const commandStep: StepKind<z.infer<typeof CommandStep>> = {
  kind: COMMAND_TASK,
  title: { en: 'Command', 'zh-CN': '命令' },
  summary: {
    en: 'Runs an allowed program in the sandbox, without a shell.',
    'zh-CN': '在沙箱中运行允许的程序，不经过 shell。',
  },
  icon: 'terminal-2',
  parameters: CommandStep,
  inputs: { file: { type: 'file', required: false } },
  outputs: { result: { type: 'data' } },
  draft({ parameters, inputs }) {
    const file = inputs.file?.type === 'file' ? inputs.file.file : undefined;
    return {
      kind: COMMAND_TASK,
      parameters: { ...parameters, file: file !== undefined },
      inputs: file ? [{ name: FILE_INPUT, digest: file.digest, size: file.size }] : [],
      resources: { cpu: 1, memory: 512 * MiB, disk: file?.size ?? 0 },
    };
  },
  outcome: (_input, { result }) => ({ ports: { result: data(result ?? {}) } }),
};
