import type { ConsoleWorkload } from '../workload.ts';

/**
 * The console halves of the workloads that stand in this source tree. They are found by their place, so that the
 * console names none of them, and a workload that is removed is simply not there any more.
 */
const modules = import.meta.glob<ConsoleWorkload>('../../../../workloads/*/console/index.tsx', {
  eager: true,
  import: 'default',
});

export const consoleWorkloads: readonly ConsoleWorkload[] = Object.values(modules);
