import { type Failure, type FailureClass, TaskDraft } from '@backlot/contract';
import type { ControlWorkload, FollowUp, JobKind } from '@backlot/control/workload';
import { z } from 'zod';

const LabParameters = z.object({
  /** The job's tasks, as they are; the kind is filled in. */
  tasks: z.array(TaskDraft.partial({ kind: true }).loose()),
  /** By key of a task: tasks that follow when it has succeeded. */
  follow: z.record(z.string(), z.array(TaskDraft.partial({ kind: true }).loose())).default({}),
  /** By key of a task: what the follow-up does instead of adding tasks. */
  after: z.record(z.string(), z.enum(['fail', 'throw', 'cancel-others', 'bad-draft'])).default({}),
});
export type LabJob = z.input<typeof LabParameters>;

const asDraft = (draft: Record<string, unknown>) => ({ kind: 'lab.task', ...draft }) as TaskDraft;

const graph: JobKind<z.output<typeof LabParameters>> = {
  parameters: LabParameters,
  plan: ({ parameters }) => parameters.tasks.map(asDraft),
  follow({ parameters, ended, tasks, facts }): FollowUp {
    const seen = { ended: [...((facts.ended as string[] | undefined) ?? []), `${ended.key}:${ended.state}`] };
    switch (parameters.after[ended.key]) {
      case 'fail':
        return { facts: seen, fail: labFailure('input') };
      case 'throw':
        throw new Error('the laboratory exploded');
      case 'cancel-others':
        return { facts: seen, cancel: tasks.map((task) => task.key).filter((key) => key !== ended.key) };
      case 'bad-draft':
        return { tasks: [{ key: 'x', kind: 'lab.unknown' }] };
      default:
        return ended.state === 'succeeded'
          ? { facts: seen, tasks: (parameters.follow[ended.key] ?? []).map(asDraft) }
          : { facts: seen };
    }
  },
};

/** Jobs of any shape whose tasks do what the fake nodes of a test say. */
export const labWorkload: ControlWorkload = {
  name: 'lab',
  taskKinds: {
    'lab.task': {
      parameters: z.record(z.string(), z.unknown()),
      result: z.object({ value: z.number().optional() }).loose(),
    },
  },
  jobKinds: { 'lab.graph': graph },
};

/** A failure of a class; the signature tells causes apart. */
export function labFailure(name: FailureClass, cause = 'test'): Failure {
  return {
    class: name,
    reason: { code: 'lab.failed', params: {}, message: `It failed: ${cause}.` },
    signature: `${name}:lab:${cause}`,
  };
}
