import type { ConsoleWorkload } from '@backlot/console/workload';
import { rendersConsole } from '@backlot/renders/console';

/** The pages of the workloads, for the console's build: the browser's half of the list in `workloads.ts`. */
export const consoleWorkloads: readonly ConsoleWorkload[] = [rendersConsole];
