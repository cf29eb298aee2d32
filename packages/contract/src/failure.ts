import { z } from 'zod';
import { Reason } from './phrase.ts';

/**
 * Why an attempt failed, as far as what to do next depends on it.
 *
 * input       the input can't be used; trying again is no use
 * missing     files that the input refers to are not there; hold and ask for them
 * capability  this node lacks something; another may have it; not charged
 * memory      ran out of memory; again with more
 * crash       ended by a signal or an unknown exit; elsewhere
 * stall       no progress, or over its time; elsewhere
 * output      something was produced, but it is wrong; elsewhere once
 * transfer    inputs or outputs could not be moved; again
 * node        the node's own fault: disk full, could not start a process; elsewhere, not charged
 * product     our own fault; stop and say so
 */
export const failureClasses = [
  'input',
  'missing',
  'capability',
  'memory',
  'crash',
  'stall',
  'output',
  'transfer',
  'node',
  'product',
] as const;
export const FailureClass = z.enum(failureClasses);
export type FailureClass = z.infer<typeof FailureClass>;

/** A typed failure. Two failures with the same signature have the same cause as far as anyone can tell. */
export const Failure = z.object({
  class: FailureClass,
  reason: Reason,
  /** Class, code and whatever tells causes apart; used to block (node, signature) and to stop a poisoned job. */
  signature: z.string().max(300),
  /** The end of the log that shows it, lossily decoded, at most 4 kB. */
  excerpt: z.string().max(4096).optional(),
  /** For `missing`: names as the input spells them. */
  missing: z.array(z.string()).optional(),
  /** For `memory`: the most that was used, in bytes. */
  peakMemory: z.number().int().nonnegative().optional(),
});
export type Failure = z.infer<typeof Failure>;
