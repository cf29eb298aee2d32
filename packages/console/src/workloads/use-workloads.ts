import { createContext, useContext } from 'react';
import type { ConsoleWorkload } from '../workload.ts';

/** The workloads that this console was built with. */
export const WorkloadsContext = createContext<readonly ConsoleWorkload[]>([]);

export function useWorkloads(): readonly ConsoleWorkload[] {
  return useContext(WorkloadsContext);
}

/** Where a job is shown: on its workload's own page if it has one, else on the general one. */
export function jobPath(
  workloads: readonly ConsoleWorkload[],
  job: { readonly id: string; readonly kind: string },
): string {
  for (const workload of workloads) {
    const path = workload.jobPath?.(job);
    if (path !== undefined) return path.startsWith('/') ? path : `/${path}`;
  }
  return `/jobs/${job.id}`;
}

/** The colour of a kind of work: one per workload, the same on every page. */
export function kindColor(workloads: readonly ConsoleWorkload[], kind: string): string {
  const owner = kind.split('.', 1)[0];
  const place = workloads.findIndex((workload) => workload.name === owner);
  return place < 0 ? 'var(--state-done)' : `var(--kind-${(place % 5) + 1})`;
}
