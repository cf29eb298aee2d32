import type { FlowRun, FlowRunDetail } from '@backlot/contract/flow/api';
import type { Phrase } from '@backlot/contract/phrase';
import type { ApiClient } from '@backlot/sdk';
import type { CommandContext } from '../command.ts';
import { formatAge, formatDuration } from '../output/amounts.ts';
import { findByName, shortId } from './find.ts';

/** Events may be lost, and not everybody may read them: a look now and then is enough for a person. */
const lookMs = 1_000;

/** Follows a run until it ends; Ctrl-C ends the watching, not the run. */
export async function watchRun(
  context: CommandContext,
  client: ApiClient,
  id: string,
): Promise<FlowRunDetail> {
  const { out, signal } = context;
  let run = await client.flows.getRun(id, signal);
  const progress = out.progress({ title: run.name, total: Math.max(1, run.steps.length) });
  try {
    while (run.endedAt === null) {
      const open = run.steps.filter(({ state }) => state === 'running' || state === 'waiting');
      progress.update({
        done: run.steps.filter(({ endedAt }) => endedAt !== null).length,
        note: open.map(({ name, state }) => `${name} ${state}`).join(', '),
      });
      await client.transport.clock.sleep(lookMs, signal);
      run = await client.flows.getRun(id, signal);
    }
    if (run.state === 'succeeded') progress.succeed();
    else progress.fail(run.state);
    return run;
  } catch (error) {
    progress.fail();
    throw error;
  }
}

export function findRun(client: ApiClient, typed: string, signal: AbortSignal): Promise<FlowRun> {
  return findByName(
    'flow run',
    typed,
    () => client.flows.runs({ limit: 500 }, signal),
    (id) => client.flows.getRun(id, signal),
  );
}

export function runColumns(say: CommandContext['say']): readonly string[] {
  return [phrases.id, phrases.state, phrases.done, phrases.version, phrases.age, phrases.flow].map((phrase) =>
    say(phrase),
  );
}

export function runRow(run: FlowRun): readonly string[] {
  const total = Object.values(run.counts).reduce((sum, n) => sum + n, 0);
  const open = (run.counts.running ?? 0) + (run.counts.waiting ?? 0) + (run.counts.pending ?? 0);
  return [
    shortId(run.id),
    run.state,
    `${total - open}/${total}`,
    String(run.version),
    formatAge(run.startedAt, Date.now()),
    run.name,
  ];
}

/** A run with its steps: what each does, how long, on which node, why it waits or failed. */
export async function describeRun(context: CommandContext, run: FlowRunDetail): Promise<void> {
  const { out, say } = context;
  const sentence = await context.reasons();
  out.result(run, () => [
    `${run.name}  ${run.id}`,
    `${run.state}  v${run.version}  ${run.trigger.kind}`,
    ...(run.note ? [sentence(run.note)] : []),
    ...(run.failure ? [`${say(phrases.failed)}: ${sentence(run.failure.reason)}`] : []),
    ...out.table(
      [phrases.step, phrases.state, phrases.time, phrases.node, phrases.why].map((phrase) => say(phrase)),
      run.steps.map((step) => {
        const ended = step.endedAt ?? (step.startedAt === null ? null : new Date().toISOString());
        const took =
          step.startedAt === null || ended === null
            ? ''
            : formatDuration(Date.parse(ended) - Date.parse(step.startedAt));
        const why = step.failure?.reason ?? step.task?.wait;
        return [
          step.key,
          step.reusedFrom === null ? step.state : say(phrases.reused),
          took,
          step.task?.nodeName ?? '',
          why ? sentence(why) : '',
        ];
      }),
    ),
  ]);
}

const phrases = {
  id: { en: 'ID', 'zh-CN': '编号' },
  state: { en: 'STATE', 'zh-CN': '状态' },
  done: { en: 'STEPS', 'zh-CN': '步骤' },
  version: { en: 'VERSION', 'zh-CN': '版本' },
  age: { en: 'STARTED', 'zh-CN': '开始' },
  flow: { en: 'FLOW', 'zh-CN': '流程' },
  step: { en: 'STEP', 'zh-CN': '步骤' },
  time: { en: 'TIME', 'zh-CN': '用时' },
  node: { en: 'NODE', 'zh-CN': '节点' },
  why: { en: 'WHY', 'zh-CN': '原因' },
  failed: { en: 'Failed', 'zh-CN': '失败原因' },
  reused: { en: 'taken over', 'zh-CN': '沿用' },
} as const satisfies Record<string, Phrase>;
