import { Entrust } from '@backlot/contract/deputy/messages';
import { Failure } from '@backlot/contract/failure';
import { StepRecord } from '@backlot/contract/flow/step-record';
import { Digest, Id } from '@backlot/contract/id';
import { Findings, StateReport } from '@backlot/contract/link/messages';
import { AllocationOutcome } from '@backlot/contract/states/allocation';
import { z } from 'zod';

const StepKey = z.string().min(1).max(200);

/**
 * What the journal of a run holds that a node has begun alone. The run follows from these and the flow alone: the next
 * agent reads them and goes on.
 */
export const RunRecord = z.discriminatedUnion('r', [
  /** First of every run, written after the claim. What it runs is kept with it: the bundle may be replaced meanwhile. */
  z.object({
    r: z.literal('begun'),
    run: Id,
    key: z.string(),
    at: z.iso.datetime(),
    bundle: Entrust,
    /** What the trigger gives the steps: ports and data, as the trigger made them. */
    trigger: z.object({ ports: z.record(z.string(), z.unknown()), data: z.unknown() }),
  }),
  /** Before the offer of an attempt goes to the local allocations. */
  z.object({
    r: z.literal('attempt'),
    step: StepKey,
    kind: z.string(),
    allocation: Id,
    /** From 1. */
    attempt: z.number().int().positive(),
    /** SHA-256 of what it is given: see `givenText`. */
    given: Digest.optional(),
    at: z.iso.datetime(),
  }),
  /** An allocation of this run has reported. */
  z.object({ r: z.literal('said'), report: StateReport }),
  /** An allocation of this run has found something while it runs. */
  z.object({ r: z.literal('found'), findings: Findings }),
  /** A step waits for a time that was worked out just now. */
  z.object({ r: z.literal('waits'), record: StepRecord }),
  /** A step has ended for good, by its last attempt. */
  z.object({
    r: z.literal('ended'),
    step: StepKey,
    outcome: AllocationOutcome,
    failure: Failure.optional(),
    at: z.iso.datetime(),
  }),
  /** The control plane will have to do it. `why` is for the log. */
  z.object({ r: z.literal('left'), step: StepKey, why: z.string() }),
  /** The control plane has taken it in. */
  z.object({ r: z.literal('told'), step: StepKey }),
  /** The control plane knows that nothing goes on here any more. */
  z.object({ r: z.literal('closed') }),
]);
export type RunRecord = z.infer<typeof RunRecord>;
