import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Language, Phrase } from '@backlot/contract/phrase';
import { z } from 'zod';
import { type CliGroup, type CommandContext, defineCommand } from '../command.ts';
import { controlSettings } from '../config/control-settings.ts';
import { defaultConfigDir, type Machine, thisMachine } from '../config/data-dir.ts';
import { configDocument } from '../config/document.ts';
import { nodeSettings } from '../config/node-settings.ts';
import type { Settings } from '../config/setting.ts';
import { exitCodes } from '../exit-codes.ts';

function initCommand(kind: 'control' | 'node', settings: (machine: Machine) => Settings) {
  return defineCommand({
    name: kind,
    summary: phrases[kind],
    arguments: [
      {
        name: 'file',
        optional: true,
        description: { en: 'where to write it; - for standard output', 'zh-CN': '写入位置；- 表示标准输出' },
      },
    ],
    options: [
      {
        flags: '--force',
        description: { en: 'replace a file that is there', 'zh-CN': '覆盖已有文件' },
      },
    ],
    examples: [
      { command: `backlot init ${kind}`, description: { en: 'In the usual place', 'zh-CN': '写入默认位置' } },
      { command: `backlot init ${kind} -`, description: { en: 'Just look at it', 'zh-CN': '仅查看' } },
    ],
    input: z.object({ file: z.string().optional(), force: z.boolean().default(false) }),
    async run(context, { file, force }) {
      const { out, say, language, cwd, env } = context;
      const machine = thisMachine(env);
      const text = configDocument(settings(machine), headings[kind][language], language);
      if (file === '-') {
        out.raw(text);
        return undefined;
      }
      const path = file === undefined ? join(defaultConfigDir(machine), `${kind}.yaml`) : resolve(cwd, file);
      const written = await write(path, text, force);
      if (!written) return refuse(context, path);
      out.result({ file: path }, () => say(phrases.written, { path }));
      return undefined;
    },
  });
}

/** It may hold secrets later, so it is its owner's from the start. */
async function write(path: string, text: string, force: boolean): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeFile(path, text, { mode: 0o600, flag: force ? 'w' : 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function refuse({ out, say }: CommandContext, path: string): typeof exitCodes.conflict {
  out.warn(say(phrases.exists, { path }));
  return exitCodes.conflict;
}

const headings: Readonly<Record<'control' | 'node', Record<Language, string>>> = {
  control: {
    en: 'Configuration of a Backlot control plane, for `backlot up` and `backlot control`. Remove the # before a setting to change it. The command line and the environment win over this file.',
    'zh-CN':
      'Backlot 控制面配置，供 `backlot up` 和 `backlot control` 使用。去掉设置项前的 # 即可生效。命令行和环境变量优先于本文件。',
  },
  node: {
    en: 'Configuration of a Backlot node, for `backlot node`. Remove the # before a setting to change it. The command line and the environment win over this file.',
    'zh-CN':
      'Backlot 节点配置，供 `backlot node` 使用。去掉设置项前的 # 即可生效。命令行和环境变量优先于本文件。',
  },
};

const phrases = {
  control: { en: 'For the control plane', 'zh-CN': '控制面配置' },
  node: { en: 'For a node', 'zh-CN': '节点配置' },
  written: {
    en: 'Written to {path}. It is read from there by itself.',
    'zh-CN': '已写入 {path}，启动时会自动读取。',
  },
  exists: {
    en: '{path} is there already. Replace it with --force.',
    'zh-CN': '{path} 已存在。可用 --force 覆盖。',
  },
} as const satisfies Record<string, Phrase>;

/** `backlot init control|node`: a configuration file with every setting explained and none of them set. */
export const initCommands: CliGroup = {
  name: 'init',
  summary: { en: 'Write a configuration file to start from', 'zh-CN': '生成带注释的配置文件' },
  commands: [initCommand('control', controlSettings), initCommand('node', nodeSettings)],
};
