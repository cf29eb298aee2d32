import type { TaskExecutor } from '@backlot/node/workload';
import type { z } from 'zod';
import { TestParameters } from '../../contract.ts';
import { concludeWork } from './conclude-work.ts';
import { dressed } from './parameters.ts';
import { startWork } from './start-work.ts';

const Parameters = TestParameters.extend(dressed);

/** `deliveries.test`: a small file to a target and back. One try: a person waits for the answer. */
export const testExecutor: TaskExecutor<z.infer<typeof Parameters>> = {
  parameters: Parameters,
  prepare: (context) =>
    startWork(
      {
        ...context,
        parameters: {
          ...context.parameters,
          times: { patienceMs: 0, alarmMs: 3_600_000, firstMs: 200, lastMs: 200, idleMs: 20_000 },
        },
      },
      { do: 'test' },
    ),
  conclude: (context) =>
    concludeWork(context, (result) =>
      result.outcome === 'tested' ? { path: result.path, size: result.size } : undefined,
    ),
};
