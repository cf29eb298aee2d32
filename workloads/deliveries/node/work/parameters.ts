import { z } from 'zod';
import { DressedTarget } from '../../contract.ts';

/** What an offer has beside a task's own parameters. */
export const dressed = {
  secrets: DressedTarget.optional(),
  /** Times for tests, which can't wait for ten minutes; nobody else sets them. */
  times: z
    .object({
      patienceMs: z.number(),
      alarmMs: z.number(),
      firstMs: z.number(),
      lastMs: z.number(),
      idleMs: z.number(),
    })
    .optional(),
};
