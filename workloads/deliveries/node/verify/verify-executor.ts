import type { TaskExecutor } from '@backlot/node/workload';
import type { z } from 'zod';
import { VerifyParameters } from '../../contract.ts';
import { concludeWork } from '../work/conclude-work.ts';
import { followWork } from '../work/follow-work.ts';
import { dressed } from '../work/parameters.ts';
import { startWork } from '../work/start-work.ts';

const Parameters = VerifyParameters.extend(dressed);

/** `deliveries.verify`: a copy is read back, and is what was sent. Needs none of our own bytes. */
export const verifyExecutor: TaskExecutor<z.infer<typeof Parameters>> = {
  parameters: Parameters,
  prepare(context) {
    const { path, file, method } = context.parameters;
    return startWork(context, { do: 'verify', path, size: file.size, sha256: file.digest, method });
  },
  watch: followWork,
  conclude: (context) =>
    concludeWork(context, (result) => (result.outcome === 'verified' ? result.result : undefined)),
};
