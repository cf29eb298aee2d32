import { z } from 'zod';
import { WatchParameters } from '../../contract/watch.ts';

/** What an allocation in a shard is told. */
export const WatchInput = z.object({
  rules: WatchParameters,
  /** Part of the names of takes, so that no other attempt of the task ever uses the same. */
  fence: z.number().int(),
});
export type WatchInput = z.infer<typeof WatchInput>;
export type WatchRules = WatchParameters;
