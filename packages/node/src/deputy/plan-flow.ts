import {
  FlowDefinition,
  fileValueOf,
  PortValues,
  type StepKinds,
  type StepRecord,
  type StepTask,
  TaskDraft,
} from '@backlot/contract';
import { type Advance, advanceFlow } from '@backlot/contract/flow/engine/advance';
import type { FlowRunInput } from '@backlot/contract/flow/engine/run-context';
import { settleTask } from '@backlot/contract/flow/engine/settle';
import { z } from 'zod';
import type { LocalPlan, OpenStep, PlanRun } from './local-plan.ts';
import type { RunFacts, StepFacts } from './run-facts.ts';

/**
 * What a flow wants next on this node: the engine of the control plane, asked from the beginning each time, with the ends
 * of steps and the times of waits from the run's journal. Nothing else decides, so that asking after a crash gives the
 * same answer.
 */
export function planFlow(kinds: StepKinds, nodeId: string): PlanRun {
  /** A run's definition is parsed once. By its trigger, which no other run has: runs of one flow share what was entrusted. */
  const bases = new WeakMap<RunFacts['trigger'], Omit<FlowRunInput, 'records'>>();
  const baseOf = (facts: RunFacts) => {
    const known = bases.get(facts.trigger);
    if (known) return known;
    const base = firstInput(facts, kinds);
    bases.set(facts.trigger, base);
    return base;
  };
  return (facts, now) => {
    const base = baseOf(facts);
    const records = new Map<string, StepRecord>();
    for (const wait of facts.waits.values()) records.set(wait.key, wait);
    const open = new Map<string, OpenStep>();
    for (;;) {
      const advance = advanceFlow({ ...base, records: [...records.values()] }, now);
      for (const record of advance.records) records.set(record.key, record);
      collect(open, advance);
      const settled = settle(base, records, facts, nodeId);
      if (settled.length === 0) return planOf(facts, records, open, advance);
      for (const record of settled) records.set(record.key, record);
    }
  };
}

/** @throws ZodError when the flow was made by a newer release */
function firstInput(facts: RunFacts, kinds: StepKinds): Omit<FlowRunInput, 'records'> {
  const { bundle, run, startedAt, trigger } = facts;
  const definition = FlowDefinition.parse(bundle.definition);
  return {
    definition,
    kinds: withUnknown(kinds, definition),
    run: {
      id: run,
      flowId: bundle.flow.id,
      projectId: bundle.projectId,
      name: bundle.flow.name,
      startedAt,
    },
    trigger: { ports: PortValues.parse(trigger.ports), data: trigger.data },
  };
}

/** A kind that this node's release has not is left to the control plane, and no failure. */
function withUnknown(kinds: StepKinds, { steps }: FlowDefinition): StepKinds {
  const all = new Map(kinds);
  for (const { kind } of steps) {
    if (all.has(kind)) continue;
    const title = { en: kind, 'zh-CN': kind };
    const parameters = z.unknown();
    all.set(kind, {
      kind,
      title,
      summary: title,
      parameters,
      inputs: {},
      outputs: {},
      performedBy: 'control',
    });
  }
  return all;
}

/** Steps that have begun, as far as somebody has to do something for them. */
function collect(open: Map<string, OpenStep>, { tasks, performs }: Advance): void {
  for (const { key, instance, draft, timeLimitMs } of tasks) {
    // What it makes no task of is left: the control plane says what is wrong with it.
    const parsed = TaskDraft.safeParse(draft);
    open.set(key, {
      step: key,
      name: instance.node.step.id,
      kind: draft.kind,
      draft: parsed.data,
      ...(timeLimitMs === undefined ? {} : { timeLimitMs }),
    });
  }
  for (const { key, kind, input } of performs) {
    open.set(key, { step: key, name: input.step.id, kind, draft: undefined });
  }
}

/** Records of steps that run by their records and have ended by the journal. */
function settle(
  base: Omit<FlowRunInput, 'records'>,
  records: ReadonlyMap<string, StepRecord>,
  facts: RunFacts,
  nodeId: string,
): StepRecord[] {
  const input = { ...base, records: [...records.values()] };
  return [...records.values()].flatMap((record) => {
    const step = record.state === 'running' ? facts.steps.get(record.key) : undefined;
    return step?.end ? [settleTask(input, record, taskOf(step, nodeId))] : [];
  });
}

function taskOf({ end, attempt, outputs }: StepFacts, nodeId: string): StepTask {
  return {
    state: end?.outcome === 'ok' ? 'succeeded' : 'failed',
    result: attempt.last?.result ?? null,
    outputs: outputs.map((output) => fileValueOf(output, { holders: [nodeId] })),
    failure: end?.failure ?? null,
  };
}

function planOf(
  facts: RunFacts,
  records: ReadonlyMap<string, StepRecord>,
  open: ReadonlyMap<string, OpenStep>,
  { dueAt }: Advance,
): LocalPlan {
  const running = [...open.values()].filter(({ step }) => records.get(step)?.state === 'running');
  const waits = [...records.values()].filter(
    ({ key, state }) => state === 'waiting' && !facts.waits.has(key),
  );
  return { open: running, waits, ...(dueAt === null ? {} : { wakeAt: dueAt }) };
}
