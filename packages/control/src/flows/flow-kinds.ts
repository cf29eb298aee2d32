import {
  collectStepKinds,
  type FlowKinds,
  kernelSteps,
  type StepKind,
  type TriggerFacts,
} from '@backlot/contract';
import type { ControlWorkload, PerformStep, TriggerKind } from '../workload.ts';
import { kernelTriggers } from './triggers/kernel-triggers.ts';

/** What flows of this installation may be made of, and who does it. */
export interface InstalledKinds extends FlowKinds {
  readonly triggers: ReadonlyMap<string, TriggerFacts & TriggerKind>;
  readonly performs: ReadonlyMap<string, PerformStep>;
}

/** @throws Error when two workloads claim the same kind, or a kind lacks what it needs: put together wrongly */
export function installedKinds(
  workloads: readonly ControlWorkload[],
  kernelPerforms: Readonly<Record<string, PerformStep>>,
): InstalledKinds {
  const steps = collectStepKinds([...kernelSteps, ...workloads.flatMap((workload) => workload.steps ?? [])]);
  const performs = new Map(
    [kernelPerforms, ...workloads.map((workload) => workload.performs ?? {})].flatMap((table) =>
      Object.entries(table),
    ),
  );
  for (const kind of steps.values()) requireComplete(kind, performs);
  const triggers = new Map<string, TriggerKind>();
  for (const trigger of [...kernelTriggers, ...workloads.flatMap((workload) => workload.triggers ?? [])]) {
    if (triggers.has(trigger.kind)) throw new Error(`Two workloads bring the trigger kind ${trigger.kind}.`);
    triggers.set(trigger.kind, trigger);
  }
  return { steps, triggers, performs };
}

function requireComplete(kind: StepKind, performs: ReadonlyMap<string, PerformStep>): void {
  const by = kind.performedBy ?? 'task';
  if (by === 'task' && !kind.draft) throw new Error(`The step kind ${kind.kind} has no draft.`);
  if (by === 'control' && !performs.has(kind.kind)) {
    throw new Error(`The step kind ${kind.kind} is performed by control, and nobody brings how.`);
  }
}
