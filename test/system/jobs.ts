import type { Artifact, Job, Task, TaskDetail } from '@backlot/contract';
import type { Studio } from './studio.ts';
import { Hopeless, waitUntil } from './wait-until.ts';

interface PageOf<T> {
  readonly items: T[];
  readonly next?: string;
}

/** All pages of a list. */
export async function all<T>(studio: Studio, path: string): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const glue = path.includes('?') ? '&' : '?';
    const page = await studio.api<PageOf<T>>(
      'GET',
      `${path}${glue}limit=500${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined);
  return items;
}

export async function firstProject(studio: Studio): Promise<string> {
  const [project] = await all<{ id: string }>(studio, '/api/v1/projects');
  if (!project) throw new Error('A fresh studio has no project.');
  return project.id;
}

export async function submit(
  studio: Studio,
  kind: string,
  parameters: unknown,
  name = 'a test',
): Promise<Job> {
  const projectId = await firstProject(studio);
  return studio.api<Job>('POST', '/api/v1/jobs', { kind, projectId, name, parameters });
}

export const getJob = (studio: Studio, id: string) => studio.api<Job>('GET', `/api/v1/jobs/${id}`);
export const tasksOf = (studio: Studio, jobId: string) => all<Task>(studio, `/api/v1/tasks?jobId=${jobId}`);
export const taskOf = (studio: Studio, id: string) => studio.api<TaskDetail>('GET', `/api/v1/tasks/${id}`);
export const artifactsOf = (studio: Studio, jobId: string) =>
  all<Artifact>(studio, `/api/v1/artifacts?jobId=${jobId}`);

/** Waits through restarts of every part: an answer that fails is asked again. */
export function waitForJob(
  studio: Studio,
  id: string,
  states: readonly Job['state'][],
  limitMs = 180_000,
): Promise<Job> {
  return waitUntil(
    `job ${id} is ${states.join(' or ')}`,
    async () => {
      const job = await getJob(studio, id);
      if (states.includes(job.state)) return job;
      if (['succeeded', 'failed', 'canceled'].includes(job.state)) {
        const tasks = await tasksOf(studio, id);
        const failed = tasks
          .filter((task) => task.failure)
          .map((task) => `${task.key}: ${task.failure?.reason.message}`);
        return Promise.reject(
          new Hopeless(
            `the job ended ${job.state}: ${job.failure?.reason.message ?? ''} ${failed.join('; ')}`,
          ),
        );
      }
      return undefined;
    },
    { limitMs },
  );
}
