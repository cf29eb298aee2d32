import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Phrase } from '@backlot/contract/phrase';
import { type CommandContext, defineCommand } from '../command.ts';
import { thisMachine } from '../config/data-dir.ts';
import type { Check, CheckContext, Finding } from '../doctor/check.ts';
import { databaseCheck } from '../doctor/database-check.ts';
import { graphicsCheck } from '../doctor/graphics-check.ts';
import { installationCheck } from '../doctor/installation-check.ts';
import { nodeCheck } from '../doctor/node-check.ts';
import { runtimeCheck } from '../doctor/runtime-check.ts';
import { storageCheck } from '../doctor/storage-check.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Product } from '../product.ts';
import { controlInput, controlOptions, loadControlConfig } from './up.ts';

/** In the order in which people should put things right. */
const checks: readonly Check[] = [
  runtimeCheck,
  storageCheck,
  databaseCheck,
  installationCheck,
  graphicsCheck,
  nodeCheck,
];

/** The slowest look is a probe that renders a picture. */
const limitMs = 90_000;

/** `backlot doctor`: what works on this machine, what does not, and what to do about it. */
export function doctorCommand(product: Product) {
  return defineCommand({
    name: 'doctor',
    summary: { en: 'Check this machine, and say what to do', 'zh-CN': '检查本机并给出建议' },
    description: {
      en: 'Check this machine: Node, disk, database, port, GPU, sandbox, limits, and what it can do as a node. Nothing is changed. Exits with 1 when there is a problem; warnings are no problem.',
      'zh-CN':
        '检查本机：Node、磁盘、数据库、端口、GPU、沙箱、资源限制以及作为节点的能力。不做任何更改。存在问题时退出码为 1；警告不算问题。',
    },
    options: controlOptions,
    examples: [
      { command: 'backlot doctor --json', description: { en: 'For a script', 'zh-CN': '用于脚本' } },
    ],
    input: controlInput,
    async run(context, typed) {
      const { values } = loadControlConfig(context, typed);
      const scratch = await mkdtemp(join(tmpdir(), 'backlot-doctor-'));
      try {
        const findings = await look(context, { settings: values, workloads: product.workloads, scratch });
        context.out.result(findings, () => findings.flatMap((finding) => formatFinding(finding)));
        return findings.some((finding) => finding.status === 'problem') ? exitCodes.failed : exitCodes.ok;
      } finally {
        await rm(scratch, { recursive: true, force: true });
      }
    },
  });
}

async function look(
  { out, say, language, signal, env }: CommandContext,
  known: Pick<CheckContext, 'settings' | 'workloads' | 'scratch'>,
): Promise<readonly Finding[]> {
  const progress = out.progress({ title: say(phrases.looking), total: checks.length });
  const context: CheckContext = {
    ...known,
    machine: thisMachine(env),
    language,
    say,
    signal: AbortSignal.any([signal, AbortSignal.timeout(limitMs)]),
  };
  let done = 0;
  const findings = await Promise.all(
    checks.map(async (check) => {
      const found = await check.run(context).catch((error: unknown): readonly Finding[] => {
        signal.throwIfAborted();
        const reason = error instanceof Error ? error.message : String(error);
        return [
          { check: check.name, status: 'problem', text: say(phrases.couldNot, { name: check.name, reason }) },
        ];
      });
      done += 1;
      progress.update({ done });
      return found;
    }),
  );
  progress.succeed();
  return findings.flat();
}

const marks = { ok: '✓', warning: '!', problem: '✗' } as const;

function formatFinding({ status, text, advice }: Finding): readonly string[] {
  return [`${marks[status]} ${text}`, ...(advice === undefined || advice === '' ? [] : [`  ${advice}`])];
}

const phrases = {
  looking: { en: 'Looking at this machine', 'zh-CN': '正在检查本机' },
  couldNot: { en: '{name} could not be checked: {reason}', 'zh-CN': '无法检查 {name}：{reason}' },
} as const satisfies Record<string, Phrase>;
