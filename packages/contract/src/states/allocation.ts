import { z } from 'zod';
import { defineMachine } from './machine.ts';

/**
 * offered    sent to the node, no answer yet
 * accepted   the node has written it into its journal
 * preparing  inputs are fetched, the work folder is made
 * running    the process runs
 * frozen     stopped in place with its memory kept
 * stopping   asked to end
 * unknown    its node can't be reached; it may well be running
 */
export const allocationStates = [
  'offered',
  'accepted',
  'preparing',
  'running',
  'frozen',
  'stopping',
  'unknown',
  'ended',
] as const;
export const AllocationState = z.enum(allocationStates);
export type AllocationState = z.infer<typeof AllocationState>;

export const allocationMachine = defineMachine<AllocationState>('allocation', {
  offered: ['accepted', 'preparing', 'running', 'stopping', 'unknown', 'ended'],
  accepted: ['preparing', 'running', 'stopping', 'unknown', 'ended'],
  preparing: ['running', 'stopping', 'unknown', 'ended'],
  running: ['frozen', 'stopping', 'unknown', 'ended'],
  frozen: ['running', 'stopping', 'unknown', 'ended'],
  stopping: ['unknown', 'ended'],
  unknown: ['accepted', 'preparing', 'running', 'frozen', 'stopping', 'ended'],
  ended: [],
});

/**
 * How an allocation ended. `rejected` (the node said no) and `expired` (no answer in time) never ran;
 * `preempted` and `lost` are not charged to the task; only `failed` counts as an attempt.
 */
export const allocationOutcomes = [
  'ok',
  'failed',
  'canceled',
  'preempted',
  'lost',
  'rejected',
  'expired',
] as const;
export const AllocationOutcome = z.enum(allocationOutcomes);
export type AllocationOutcome = z.infer<typeof AllocationOutcome>;
