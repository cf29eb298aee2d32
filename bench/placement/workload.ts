import type { ControlWorkload } from '@backlot/control/workload';
import { z } from 'zod';

const JobParameters = z.object({
  tasks: z.number().int().positive(),
  cpu: z.number().positive().default(1),
  memory: z.number().int().nonnegative().default(0),
});

/** Jobs of any number of tasks that ask for something and do nothing. */
export const benchWorkload: ControlWorkload = {
  name: 'bench',
  taskKinds: { 'bench.task': { parameters: z.object({ index: z.number() }), result: z.object({}) } },
  jobKinds: {
    'bench.job': {
      parameters: JobParameters,
      plan: ({ parameters }) =>
        Array.from({ length: parameters.tasks }, (_, index) => ({
          key: `t${index}`,
          kind: 'bench.task',
          parameters: { index },
          resources: { cpu: parameters.cpu, memory: parameters.memory },
        })),
    },
  },
};
