import type { Phrase } from '@backlot/contract/phrase';
import { openTracer } from '@backlot/tracing';
import { type CommandContext, defineCommand } from '../command.ts';
import type { Product } from '../product.ts';
import { consoleFolder } from '../serve/console-folder.ts';
import { controlConfig } from '../serve/control-config.ts';
import { openDatabaseAddress } from '../serve/database-address.ts';
import { untilAborted } from '../serve/until-aborted.ts';
import { supervisorChannel } from '../supervisor-channel.ts';
import { controlInput, controlOptions, loadControlConfig } from './up.ts';

/** Requests and streams in progress may take so long to end. */
const graceMs = 2000;

/** `backlot control`: the control plane alone, for a machine of its own or under a service manager. */
export function controlCommand(product: Product) {
  return defineCommand({
    name: 'control',
    summary: { en: 'Run the control plane alone', 'zh-CN': '仅运行控制面' },
    description: {
      en: 'Run the control plane alone: pages, API, placement; with the embedded database unless BACKLOT_DATABASE_URL says another. Its log goes to standard output.',
      'zh-CN':
        '仅运行控制面：页面、API 和调度；未设置 BACKLOT_DATABASE_URL 时使用内置数据库。日志写到标准输出。',
    },
    options: controlOptions,
    examples: [
      {
        command: 'BACKLOT_DATABASE_URL=postgres://… backlot control --host 0.0.0.0',
        description: { en: 'With a database server', 'zh-CN': '使用外部数据库服务器' },
      },
    ],
    input: controlInput,
    async run(context, typed) {
      const { values } = loadControlConfig(context, typed);
      const config = controlConfig(values);
      const [{ createControl }, { createLog }, tracer, workloads] = await Promise.all([
        import('@backlot/control'),
        import('@backlot/control/telemetry/log'),
        openTracer({ service: 'backlot-control', env: context.env }),
        Promise.all(product.workloads.map((workload) => workload.control())),
      ]);
      const log = createLog({ name: 'control', level: values.logLevel });
      const database = await openDatabaseAddress(values, log);
      try {
        context.signal.throwIfAborted();
        const control = await createControl({
          config,
          database: database.address,
          workloads,
          consoleDir: consoleFolder(),
          log,
          tracer,
        });
        try {
          await announce(context, control);
          await untilAborted(context.signal);
        } finally {
          await control.close({ graceMs });
        }
      } finally {
        await tracer.close();
        await database.close();
      }
      return undefined;
    },
  });
}

interface Announced {
  readonly url: string;
  readonly port: number;
  setupLink(): Promise<string | null>;
  localJoinToken(): Promise<string>;
}

/** To `backlot up` over the channel, else to the person who started it. */
async function announce({ out, say }: CommandContext, control: Announced): Promise<void> {
  const { url, port } = control;
  const setupLink = await control.setupLink();
  const channel = supervisorChannel(process);
  if (!channel) {
    out.note(say(phrases.ready, { url }));
    if (setupLink !== null) out.note(say(phrases.setup, { link: setupLink }));
    return;
  }
  channel.onMessage((message) => {
    if (message.t !== 'make-join-token') return;
    control.localJoinToken().then(
      (token) => channel.tell({ t: 'join-token-made', token }),
      // The agent asks again; nobody else can do anything about it.
      () => undefined,
    );
  });
  channel.tell({ t: 'control-ready', url, port, setupLink });
}

const phrases = {
  ready: { en: 'Backlot is ready: {url}', 'zh-CN': 'Backlot is ready: {url}' },
  setup: {
    en: 'First start: make the administrator at {link} (works once)',
    'zh-CN': '首次启动：请打开 {link} 创建管理员（仅一次有效）',
  },
} as const satisfies Record<string, Phrase>;
