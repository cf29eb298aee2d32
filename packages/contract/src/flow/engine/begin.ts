import type { Failure } from '../../failure.ts';
import type { TaskDraftInput } from '../../task.ts';
import { durationMs } from '../duration.ts';
import type { StepInput } from '../step-kind.ts';
import { type StepRecord, stepKey } from '../step-record.ts';
import { draftOf } from './draft.ts';
import { beginEngineStep, recordOf } from './engine-steps.ts';
import { flowFailure } from './failures.ts';
import { type Instance, missingInputs, stepInputOf } from './resolve.ts';
import type { RunContext } from './run-context.ts';

/** A step that begins now, with a task for a node. */
export interface StartTask {
  readonly key: string;
  readonly instance: Instance;
  readonly input: StepInput;
  /** With key, retries and limits; nothing of it is needed before. */
  readonly draft: TaskDraftInput;
  /** Milliseconds from now, all attempts and waiting included. */
  readonly timeLimitMs?: number;
}
/** A step that begins now, and that the control plane performs by itself. */
export interface StartPerform {
  readonly key: string;
  readonly kind: string;
  readonly input: StepInput;
  readonly timeLimitMs?: number;
}

/** A step that has begun, and what is to be done for it. */
export interface Begun {
  readonly record: StepRecord;
  readonly task?: StartTask;
  readonly perform?: StartPerform;
}

/** Begins a step that has all it waits for. Never throws: what can't be begun has failed. */
export function beginStep(context: RunContext, instance: Instance, now: number): Begun {
  const { node } = instance;
  const { kind } = node;
  const key = stepKey(node.step.id, instance.at);
  const fail = (failure: Failure): Begun => ({ record: recordOf(instance, 'failed', { failure }) });
  if (!kind) return fail(flowFailure('product', 'flow.kind_missing', { kind: node.step.kind }));
  const failWith = (code: 'flow.parameters_invalid' | 'flow.draft_failed', error: unknown): Begun =>
    fail(flowFailure('input', code, { step: node.step.id, problem: problemOf(error) }));

  let input: StepInput;
  try {
    input = stepInputOf(context, instance);
  } catch (error) {
    return failWith('flow.parameters_invalid', error);
  }
  // What it builds on went on without an output, because it says so itself.
  if (missingInputs(instance, input.inputs).length > 0) return { record: recordOf(instance, 'skipped') };
  const running = recordOf(instance, 'running');
  const limit = node.step.timeLimit === undefined ? undefined : durationMs(node.step.timeLimit);
  const timeLimit = limit === undefined ? {} : { timeLimitMs: limit };
  switch (kind.performedBy ?? 'task') {
    case 'engine':
      try {
        return { record: beginEngineStep(context, instance, input, now) };
      } catch (error) {
        return failWith('flow.parameters_invalid', error);
      }
    case 'control':
      return { record: running, perform: { key, kind: kind.kind, input, ...timeLimit } };
    case 'task': {
      let draft: TaskDraftInput;
      try {
        draft = draftOf(key, instance, input);
      } catch (error) {
        return failWith('flow.draft_failed', error);
      }
      return { record: running, task: { key, instance, input, draft, ...timeLimit } };
    }
  }
}

/** What is wrong, short enough for a sentence. Of a ZodError the first place and its sentence. */
export function problemOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'issues' in error && Array.isArray(error.issues)) {
    const [first] = error.issues as { path?: PropertyKey[]; message?: string }[];
    if (first) return `${(first.path ?? []).map(String).join('.')}: ${first.message}`.slice(0, 500);
  }
  return (error instanceof Error ? error.message : 'unknown').slice(0, 500);
}
