import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Capability } from '@backlot/contract/capability';
import { systemClock } from '@backlot/contract/clock';
import type { Phrase } from '@backlot/contract/phrase';
import { type Machine as NodeMachine, openMachine } from '@backlot/node/drivers/machine';
import { ffmpegProbe } from '@backlot/node/probes/ffmpeg-probe';
import type { CapabilityProbe } from '@backlot/node/workload';
import { pino } from 'pino';
import type { Check, CheckContext, Finding } from './check.ts';

/**
 * What this machine could do as a node, by the very probes that its agent runs: control groups, the sandbox, and
 * whatever the workloads want proved. Nothing is concluded from a version.
 */
export const nodeCheck: Check = {
  name: 'node',
  async run(context) {
    const node = await openMachine({ dataDir: join(context.scratch, 'node'), clock: systemClock });
    try {
      const workloads = await Promise.all(
        context.workloads.map(async ({ name, node: load }) => ({
          name,
          probes: (await load()).probes ?? [],
        })),
      );
      // What a workload without probes of its own needs, the kernel proves for all.
      const provers = [{ name: ffmpegProbe.name, probes: [ffmpegProbe] }, ...workloads].filter(
        ({ probes }) => probes.length > 0,
      );
      const capabilities = await Promise.all(
        provers.map(({ name, probes }) => proveAll(context, node, name, probes)),
      );
      return [...describeMachine(context, node), ...capabilities.flat()];
    } finally {
      node.limits.close();
    }
  },
};

function describeMachine({ say }: CheckContext, { sandbox, limits }: NodeMachine): readonly Finding[] {
  const missing = Object.entries(limits.capability).flatMap(([name, there]) =>
    there === false ? [name] : [],
  );
  return [
    sandbox.capability
      ? {
          check: 'sandbox',
          status: 'ok',
          text: say(phrases.sandbox, { version: sandbox.capability.version ?? '' }),
        }
      : { check: 'sandbox', status: 'warning', text: sandbox.reason ?? '', advice: say(phrases.noSandbox) },
    missing.length === 0
      ? { check: 'limits', status: 'ok', text: say(phrases.limits) }
      : {
          check: 'limits',
          status: 'warning',
          text: say(phrases.noLimits, { missing: missing.join(', ') }),
          advice: limits.capability.notes.join(' '),
        },
  ];
}

async function proveAll(
  context: CheckContext,
  node: NodeMachine,
  name: string,
  probes: readonly CapabilityProbe[],
): Promise<readonly Finding[]> {
  const found = await Promise.all(probes.map((probe) => runProbe(context, node, probe)));
  const capabilities = found.flat();
  if (capabilities.length === 0) {
    const { say } = context;
    return [
      { check: name, status: 'warning', text: say(phrases.nothing, { name }), advice: say(phrases.install) },
    ];
  }
  return capabilities.map((capability) => ({
    check: name,
    status: 'ok',
    text: `${[capability.name, capability.version ?? ''].join(' ').trim()}: ${capability.features.join(', ')}`.replace(
      /: $/,
      '',
    ),
  }));
}

async function runProbe(
  { scratch, signal, machine }: CheckContext,
  node: NodeMachine,
  probe: CapabilityProbe,
): Promise<readonly Capability[]> {
  const folder = join(scratch, `probe-${probe.name}`);
  await mkdir(folder, { recursive: true });
  const log = pino({ level: 'silent' });
  return probe.probe({ run: node.run, log, signal, scratch: folder, env: machine.env }).catch(() => []);
}

const phrases = {
  sandbox: { en: 'The sandbox holds (bubblewrap {version})', 'zh-CN': '沙箱可用（bubblewrap {version}）' },
  noSandbox: {
    en: 'Tasks that ask for a sandbox go to other nodes. On Debian: apt-get install bubblewrap.',
    'zh-CN': '需要沙箱的任务会分配到其他节点。Debian 上可运行：apt-get install bubblewrap。',
  },
  limits: {
    en: 'Memory, CPU and processes can be limited, and work frozen',
    'zh-CN': '可限制内存、CPU 和进程数，并可冻结工作',
  },
  noLimits: {
    en: 'Some limits don’t work here: {missing}. Work still runs, watched by measuring.',
    'zh-CN': '部分限制不可用：{missing}。工作仍可运行，改为按测量监控。',
  },
  nothing: {
    en: '{name}: nothing that it needs was found working.',
    'zh-CN': '{name}：没有找到可用的所需程序。',
  },
  install: {
    en: 'Its work goes to other nodes. `npm start` installs what is missing, or names the packages.',
    'zh-CN': '相关工作会分配到其他节点。`npm start` 会安装缺少的软件或列出软件包。',
  },
} as const satisfies Record<string, Phrase>;
