import { z } from 'zod';
import { Failure } from '../failure.ts';
import { PortValues } from './value.ts';

/**
 * running    its task exists, or the control plane is at it
 * waiting    for a time
 * succeeded  its outputs are there
 * failed     for good, after all attempts
 * skipped    what it waited for will not come: the other branch was taken, or what it builds on has failed
 * canceled   by a person, or because the run ended without it
 */
export const flowStepStates = ['running', 'waiting', 'succeeded', 'failed', 'skipped', 'canceled'] as const;
export const FlowStepState = z.enum(flowStepStates);
export type FlowStepState = z.infer<typeof FlowStepState>;

/** States after which a step does nothing more. */
export const endedFlowStepStates: readonly FlowStepState[] = ['succeeded', 'failed', 'skipped', 'canceled'];

/**
 * What the engine remembers of one step of a run. A step that has not begun has no record. The key is the step's id, and
 * inside a for-each the places as well: `upload[0]`, `part[0][3]`.
 */
export const StepRecord = z.object({
  key: z.string().min(1).max(200),
  step: z.string(),
  /** Places in the for-eaches around it, outermost first. */
  at: z.array(z.number().int().nonnegative()),
  state: FlowStepState,
  /** Which way goes on: `ok`, `error`, or one of the kind's branches. Null until it has ended, and when it was skipped. */
  branch: z.string().nullable(),
  ports: PortValues,
  failure: Failure.nullable(),
  /** Milliseconds since 1970: for `waiting` when it goes on. */
  dueAt: z.number().nullable(),
});
export type StepRecord = z.infer<typeof StepRecord>;

/** Key of a step at its places. */
export function stepKey(step: string, at: readonly number[]): string {
  return `${step}${at.map((place) => `[${place}]`).join('')}`;
}
