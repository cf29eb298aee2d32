import type { FlowRun, FlowRunDetail, FlowRunStep } from '@backlot/contract/flow/api';
import type { Phrase } from '@backlot/contract/phrase';
import type { ApiClient } from '@backlot/sdk';
import type { CommandContext } from '../command.ts';
import { formatAge, formatDuration } from '../output/amounts.ts';
import type { ReasonText } from '../reasons.ts';
import { findByName, shortId } from './find.ts';

/** Events may be lost, and not everybody may read them: a look now and then is enough for a person. */
const lookMs = 1_000;

/** Follows a run until it ends; Ctrl-C ends the watching, not the run. */
export async function watchRun(
  context: CommandContext,
  client: ApiClient,
  id: string,
): Promise<FlowRunDetail> {
  const { out, say, signal } = context;
  const sentence = await context.reasons();
  let run = await client.flows.getRun(id, signal);
  const progress = out.progress({ title: run.name, total: Math.max(1, run.steps.length) });
  try {
    while (run.endedAt === null) {
      const open = run.steps.filter(({ state }) => state === 'running' || state === 'waiting');
      progress.update({
        done: run.steps.filter(({ endedAt }) => endedAt !== null).length,
        note: open.map((step) => noteOf(step, say, sentence)).join(', '),
      });
      await client.transport.clock.sleep(lookMs, signal);
      run = await client.flows.getRun(id, signal);
    }
    if (run.state === 'succeeded') progress.succeed();
    else progress.fail(run.failure ? sentence(run.failure.reason) : run.state);
    return run;
  } catch (error) {
    progress.fail();
    throw error;
  }
}

function noteOf(step: FlowRunStep, say: CommandContext['say'], sentence: ReasonText): string {
  const why = whyOfStep(step, say, sentence);
  return why === '' ? `${step.name} ${step.state}` : `${step.name}: ${why}`;
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
  return [
    phrases.id,
    phrases.state,
    phrases.done,
    phrases.version,
    phrases.age,
    phrases.flow,
    phrases.why,
  ].map((phrase) => say(phrase));
}

/** A run in a line: behind its flow stands why it failed, or until when it waits. */
export function runRow(run: FlowRun, say: CommandContext['say'], sentence: ReasonText): readonly string[] {
  const total = Object.values(run.counts).reduce((sum, n) => sum + n, 0);
  const open = (run.counts.running ?? 0) + (run.counts.waiting ?? 0) + (run.counts.pending ?? 0);
  return [
    shortId(run.id),
    run.state,
    `${total - open}/${total}`,
    String(run.version),
    formatAge(run.startedAt, Date.now()),
    run.name,
    // While other steps of it run, it does not only wait.
    run.failure ? sentence(run.failure.reason) : untilOf(run.state === 'waiting' ? run.dueAt : null, say),
  ];
}

function whyOfStep(step: FlowRunStep, say: CommandContext['say'], sentence: ReasonText): string {
  const reason = step.failure?.reason ?? step.task?.wait;
  return reason ? sentence(reason) : untilOf(step.dueAt, say);
}

function untilOf(dueAt: string | null, say: CommandContext['say']): string {
  return dueAt === null ? '' : say(phrases.until, { at: dueAt });
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
        return [
          step.key,
          step.reusedFrom === null ? step.state : say(phrases.reused),
          took,
          step.task?.nodeName ?? '',
          whyOfStep(step, say, sentence),
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
  until: { en: 'waits until {at}', 'zh-CN': '等待至 {at}' },
  failed: { en: 'Failed', 'zh-CN': '失败原因' },
  reused: { en: 'taken over', 'zh-CN': '沿用' },
} as const satisfies Record<string, Phrase>;
