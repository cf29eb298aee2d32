import { systemClock } from '@backlot/contract/clock';
import type { Phrase } from '@backlot/contract/phrase';
import { z } from 'zod';
import { type CommandContext, defineCommand, type OptionSpec } from '../command.ts';
import { type ControlSettings, controlSettings } from '../config/control-settings.ts';
import { thisMachine } from '../config/data-dir.ts';
import { toEnvironment } from '../config/environment.ts';
import { type LoadedConfig, loadConfig, misspeltVariables } from '../config/load.ts';
import { nodeSettings } from '../config/node-settings.ts';
import { openByDefault } from '../config/open-by-default.ts';
import type { Product } from '../product.ts';
import { terminalDisplay } from '../up/display.ts';
import { runUp } from '../up/up.ts';

/** Options of every command that starts a control plane; their names are those of the settings. */
export const controlOptions: readonly OptionSpec[] = [
  { flags: '-c, --config <file>', description: { en: 'configuration file', 'zh-CN': '配置文件' } },
  {
    flags: '--host <address>',
    description: {
      en: 'address to listen on; 0.0.0.0 for every network',
      'zh-CN': '监听地址；0.0.0.0 表示所有网络',
    },
    defaultText: '127.0.0.1',
  },
  {
    flags: '--port <port>',
    description: { en: 'port to listen on', 'zh-CN': '监听端口' },
    defaultText: '8080',
  },
  {
    flags: '--data-dir <folder>',
    description: { en: 'folder for everything that is kept', 'zh-CN': '数据目录' },
  },
];

export const controlInput = z.object({
  config: z.string().optional(),
  host: z.string().optional(),
  port: z.string().optional(),
  dataDir: z.string().optional(),
});

/** `backlot up`: everything on this machine. */
export function upCommand(product: Product) {
  return defineCommand({
    name: 'up',
    summary: { en: 'Run everything on this machine', 'zh-CN': '在本机运行全部组件' },
    description: {
      en: 'Run everything on this machine: the database, the control plane, and this machine as the first node. Ctrl-C ends all of it; work that was running is queued again at the next start.',
      'zh-CN':
        '在本机运行全部组件：数据库、控制面，并把本机作为第一个节点。Ctrl-C 停止全部；正在运行的工作会在下次启动时重新排队。',
    },
    options: [
      ...controlOptions,
      {
        flags: '--no-node',
        description: { en: 'without a node on this machine', 'zh-CN': '不把本机作为节点' },
      },
    ],
    examples: [
      {
        command: 'backlot up',
        description: { en: 'At http://127.0.0.1:8080', 'zh-CN': '地址为 http://127.0.0.1:8080' },
      },
      {
        command: 'backlot up --host 0.0.0.0 --data-dir /srv/backlot',
        description: { en: 'For the whole network', 'zh-CN': '供整个网络访问' },
      },
    ],
    input: controlInput.extend({ node: z.boolean().default(true) }),
    async run(context, { node, ...typed }) {
      const { values } = loadControlConfig(context, typed);
      // For trying things out on one machine: stock tools and guests need no ticket there unless somebody says no.
      const settings = { ...values, openMode: values.openMode ?? openByDefault(values) };
      await runUp({
        settings,
        settingsEnv: toEnvironment(controlSettings(thisMachine(context.env)), settings),
        env: { ...context.env, BACKLOT_LANGUAGE: context.language },
        entry: product.entry,
        withNode: node,
        clock: systemClock,
        signal: context.signal,
        show: terminalDisplay(context),
      });
      return undefined;
    },
  });
}

/** The configuration of a control plane, with a word about variables that were most likely misspelt. */
export function loadControlConfig(
  { env, cwd, out, say }: CommandContext,
  { config, ...flags }: z.output<typeof controlInput>,
): LoadedConfig<ReturnType<typeof controlSettings>> & { readonly values: ControlSettings } {
  const machine = thisMachine(env);
  for (const { name, meant } of misspeltVariables([controlSettings(machine), nodeSettings(machine)], env)) {
    out.warn(say(phrases.misspelt, { name, meant }));
  }
  return loadConfig(controlSettings(machine), { machine, kind: 'control', file: config, flags, cwd });
}

const phrases = {
  misspelt: {
    en: '{name} is not a setting and has no effect. Did you mean {meant}?',
    'zh-CN': '{name} 不是设置项，不起作用。您是否想设置 {meant}？',
  },
} as const satisfies Record<string, Phrase>;
