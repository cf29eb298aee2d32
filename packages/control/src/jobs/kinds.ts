import {
  BacklotError,
  coreErrors,
  kernelErrors,
  type ProblemIssue,
  TaskDraft,
  type TaskDraftInput,
} from '@backlot/contract';
import type { z } from 'zod';
import { problemWithNeeds } from '../tasks/needs.ts';
import type { ControlWorkload, JobKind, TaskKind } from '../workload.ts';

/** All kinds of job and task that the workloads of this installation know. */
export interface Kinds {
  /** The kinds of job that anybody may submit, by name. */
  open(): string[];
  /** @throws unknown_job_kind */
  job(kind: string): JobKind;
  /** Without throwing: a job may outlive the workload that made it. */
  findJob(kind: string): JobKind | undefined;
  findTask(kind: string): TaskKind | undefined;
}

/** @throws Error when two workloads claim the same kind: the installation is put together wrongly */
export function createKinds(workloads: readonly ControlWorkload[]): Kinds {
  const jobs = new Map<string, JobKind>();
  const tasks = new Map<string, TaskKind>();
  for (const workload of workloads) {
    for (const [name, kind] of Object.entries(workload.jobKinds ?? {})) claim(jobs, name, kind);
    for (const [name, kind] of Object.entries(workload.taskKinds)) claim(tasks, name, kind);
  }
  const open = () => [...jobs].flatMap(([name, kind]) => (kind.internal === true ? [] : [name])).sort();
  return {
    open,
    job(name) {
      const kind = jobs.get(name);
      if (kind) return kind;
      throw new BacklotError(coreErrors.unknown_job_kind, {
        params: { kind: name, known: open().join(', ') || '–' },
        pointer: 'kind',
      });
    },
    findJob: (name) => jobs.get(name),
    findTask: (name) => tasks.get(name),
  };
}

function claim<T>(map: Map<string, T>, name: string, kind: T): void {
  if (map.has(name)) throw new Error(`Two workloads bring the kind ${name}.`);
  map.set(name, kind);
}

/** @throws invalid_input with one issue for each place that doesn't fit */
export function parseParameters(kind: JobKind, parameters: unknown): Record<string, unknown> {
  const parsed = kind.parameters.safeParse(parameters ?? {});
  if (parsed.success) return parsed.data as Record<string, unknown>;
  const issues = issuesOf(parsed.error, 'parameters');
  const first = issues[0];
  throw new BacklotError(kernelErrors.invalid_input, {
    params: { reason: first ? `${first.pointer}: ${first.message}` : 'parameters' },
    issues,
    ...(first ? { pointer: first.pointer } : {}),
  });
}

/** The faults that zod found, as places and sentences. */
export function issuesOf(error: z.ZodError, root: string): ProblemIssue[] {
  return error.issues.map((issue) => ({
    pointer: [root, ...issue.path.map(String)].join('.'),
    message: issue.message,
  }));
}

/**
 * Checks what a workload wants to create: shapes, kinds, the parameters of each task, and the graph.
 * @param existing keys of the job's tasks
 * @throws plan_invalid, which is a fault of the workload and not of the person
 */
export function checkDrafts(
  kinds: Kinds,
  jobKind: string,
  inputs: readonly TaskDraftInput[],
  existing: ReadonlySet<string>,
): TaskDraft[] {
  const refuse = (problem: string): never => {
    throw new BacklotError(coreErrors.plan_invalid, { params: { kind: jobKind, problem } });
  };
  const drafts = inputs.map((input) => {
    const parsed = TaskDraft.safeParse(input);
    if (!parsed.success) {
      const issue = issuesOf(parsed.error, input.key)[0];
      return refuse(issue ? `${issue.pointer}: ${issue.message}` : input.key);
    }
    const draft = parsed.data;
    const kind = kinds.findTask(draft.kind);
    if (!kind) return refuse(`no workload brings the task kind ${draft.kind}`);
    const parameters = kind.parameters.safeParse(draft.parameters);
    if (!parameters.success) {
      const issue = issuesOf(parameters.error, `${draft.key}.parameters`)[0];
      return refuse(issue ? `${issue.pointer}: ${issue.message}` : draft.key);
    }
    return draft;
  });
  const problem = problemWithNeeds(drafts, existing);
  if (problem !== undefined) refuse(problem);
  return drafts;
}
