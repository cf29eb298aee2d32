import { Failure } from '@backlot/contract/failure';
import { Offer, ReportAck, StateReport, Stop } from '@backlot/contract/link/messages';
import { Output } from '@backlot/contract/output';
import { ExitFile } from '@backlot/contract/runner/files';
import { AllocationOutcome } from '@backlot/contract/states/allocation';
import { z } from 'zod';

/** A file to be uploaded, as a workload names it. */
export const OutputFileRecord = z.object({
  name: z.string(),
  kind: z.string(),
  path: z.string(),
  mediaType: z.string(),
  meta: z.record(z.string(), z.unknown()).optional(),
  hold: z.literal(true).optional(),
  digest: z.string().optional(),
});

/**
 * What the journal of an allocation holds. Each record is a fact that can't be found out again, or whose loss would
 * make something happen twice; the step that the allocation is at follows from them.
 */
export const JournalRecord = z.discriminatedUnion('r', [
  /** First of every journal: written before the offer is accepted. */
  z.object({ r: z.literal('accepted'), offer: Offer }),
  /** The process (or the host's part of it) has been started. */
  z.object({ r: z.literal('started') }),
  z.object({ r: z.literal('exited'), exit: ExitFile }),
  /** How the attempt ends, and the files that still have to be uploaded for it. */
  z.object({
    r: z.literal('concluded'),
    outcome: AllocationOutcome,
    failure: Failure.optional(),
    result: z.record(z.string(), z.unknown()).optional(),
    outputs: z.array(OutputFileRecord),
  }),
  /** A file of the conclusion has arrived at the control plane; it goes with the last report. */
  z.object({ r: z.literal('uploaded'), output: Output }),
  z.object({ r: z.literal('report'), report: StateReport }),
  /** `refused`: the control plane can't make sense of it, so it is not sent again. */
  z.object({
    r: z.literal('acked'),
    seq: z.number().int().nonnegative(),
    verdict: z.enum([...ReportAck.shape.verdict.options, 'refused']),
  }),
  z.object({ r: z.literal('stop'), why: Stop.shape.why, graceMs: z.number().int().nonnegative() }),
  /** All who ask that it stands still. */
  z.object({ r: z.literal('frozen-by'), by: z.array(z.enum(['control', 'disk'])) }),
  /** The attempt is to end with this failure, whatever its process says. */
  z.object({ r: z.literal('doomed'), failure: Failure }),
]);
export type JournalRecord = z.infer<typeof JournalRecord>;
