import { z } from 'zod';
import { FactDraft } from '../fact.ts';
import { Failure } from '../failure.ts';
import { Digest, Id } from '../id.ts';
import { Output, Usage } from '../output.ts';
import { AllocationOutcome } from '../states/allocation.ts';

/**
 * A node that is cut off may run the flows of its own facts by itself. These are the calls by which it is given what it
 * needs, by which the two agree who runs what, and by which the node tells afterwards what it has done.
 *
 * control -> node   kernel.deputy.entrust   the flow version of an allocation's facts, with the secrets of its steps
 * control -> node   kernel.deputy.claim     before control begins a run: is it `yours`, or `mine`?
 * node -> control   flows.alone.step        how one step of a run ended
 * node -> control   flows.alone.end         nothing of the run goes on here any more
 */
export const deputyMethods = { entrust: 'kernel.deputy.entrust', claim: 'kernel.deputy.claim' } as const;
export const aloneMethods = { step: 'flows.alone.step', end: 'flows.alone.end' } as const;

/** Secrets of steps by the step's name in the flow; each is what `parameters.secrets` of its offer would be. */
export const StepSecrets = z.record(z.string(), z.record(z.string(), z.unknown()));

/** What a node must know to run a flow of its own facts. It keeps this for as long as it has the allocation. */
export const Entrust = z.object({
  /** Whose facts name this version. */
  allocation: Id,
  version: Id,
  flow: z.object({ id: Id, name: z.string(), number: z.number().int() }),
  projectId: Id,
  /** As stored; the node checks it by its own schema. */
  definition: z.record(z.string(), z.unknown()),
  secrets: StepSecrets,
});
export type Entrust = z.infer<typeof Entrust>;

export const ClaimQuestion = z.object({ key: z.string().min(1).max(300) });
export const ClaimAnswer = z.object({ claim: z.enum(['mine', 'yours']) });
export type ClaimAnswer = z.infer<typeof ClaimAnswer>;

/** Which run a node speaks of. `key` is the trigger's, the same on both sides. */
export const AloneRun = z.object({
  /** Made by the node. */
  run: Id,
  key: z.string().min(1).max(300),
  version: Id,
});
export type AloneRun = z.infer<typeof AloneRun>;

/**
 * How a step ended on a node that was alone. Told in the order in which steps ended, each until it is acknowledged: taking
 * it in twice must be harmless.
 */
export const AloneStep = AloneRun.extend({
  /** Key of the step's task in the run. */
  step: z.string().min(1).max(200),
  kind: z.string(),
  /** The attempt that counted; made by the node. Absent when the step needs no task. */
  allocation: Id,
  attempt: z.number().int().positive(),
  /** SHA-256 of `givenText` of what it was offered. Without it, it can't be told what it has worked with. */
  given: Digest.optional(),
  outcome: AllocationOutcome,
  outputs: z.array(Output).max(1_000),
  /** What the step has told on its way. */
  facts: z.array(FactDraft).max(1_000).default([]),
  result: z.record(z.string(), z.unknown()).optional(),
  failure: Failure.optional(),
  usage: Usage.optional(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
});
export type AloneStep = z.infer<typeof AloneStep>;

export const AloneEnd = AloneRun.extend({
  /** Steps that a node can't do by itself: the control plane goes on with them. */
  left: z.array(z.string().max(200)).max(10_000),
});
export type AloneEnd = z.infer<typeof AloneEnd>;

/**
 * taken    written down; the node may forget it
 * later    the control plane does not know the run yet (the fact that began it is still on its way): tell it again
 * unwanted the run was canceled or removed there, or goes on there because this node has run something else (another
 *          version, other files); what is left of it is of no use
 */
export const AloneAnswer = z.object({ answer: z.enum(['taken', 'later', 'unwanted']) });
export type AloneAnswer = z.infer<typeof AloneAnswer>;
