import { z } from 'zod';
import { defineMachine } from './machine.ts';

/**
 * blocked     some task that it needs has not succeeded yet
 * queued      may be placed at any moment
 * placed      an allocation was offered to a node
 * running     the node works on it
 * frozen      preempted with its memory kept; goes on where it stopped
 * retry_wait  an attempt failed; queued again after its back-off
 * held        waits for a person: a missing file, a capability that no node has
 */
export const taskStates = [
  'blocked',
  'queued',
  'placed',
  'running',
  'frozen',
  'retry_wait',
  'held',
  'succeeded',
  'failed',
  'canceled',
] as const;
export const TaskState = z.enum(taskStates);
export type TaskState = z.infer<typeof TaskState>;

export const taskMachine = defineMachine<TaskState>('task', {
  // To succeeded: what stands for a whole run of a flow is ended by the control plane, and never placed.
  blocked: ['queued', 'held', 'canceled', 'failed', 'succeeded'],
  queued: ['placed', 'held', 'canceled', 'failed'],
  // Back to queued: rejected, expired, preempted or node lost, none of which is charged to the task.
  placed: ['running', 'queued', 'retry_wait', 'held', 'succeeded', 'failed', 'canceled'],
  running: ['frozen', 'queued', 'retry_wait', 'held', 'succeeded', 'failed', 'canceled'],
  frozen: ['running', 'queued', 'retry_wait', 'held', 'succeeded', 'failed', 'canceled'],
  retry_wait: ['queued', 'held', 'canceled', 'failed'],
  held: ['queued', 'blocked', 'canceled', 'failed'],
  succeeded: [],
  // A person may ask for failed and canceled work once more.
  failed: ['queued', 'blocked'],
  canceled: ['queued', 'blocked'],
});

/** States in which a task has an open allocation. */
export const taskStatesWithAllocation: readonly TaskState[] = ['placed', 'running', 'frozen'];
/** States after which a task does nothing more by itself. */
export const taskStatesEnded: readonly TaskState[] = ['succeeded', 'failed', 'canceled'];
