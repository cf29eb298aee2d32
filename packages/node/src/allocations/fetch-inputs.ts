import { join } from 'node:path';
import type { TaskInput } from '@backlot/contract';
import type { InputCache, InputSource } from '../transfer/input-cache.ts';
import { TaskFailure } from '../workload.ts';
import { failureOfInput } from './judge-errors.ts';

export interface FetchInputsParts {
  readonly cache: InputCache;
  readonly source: InputSource;
  readonly signal: AbortSignal;
}

/** Puts all inputs of a task into its folder. @throws TaskFailure that names the one that could not be had */
export async function fetchInputs(
  inputs: readonly TaskInput[],
  folder: string,
  { cache, source, signal }: FetchInputsParts,
): Promise<void> {
  for (const input of inputs) {
    try {
      await cache.place(input, join(folder, input.name), source, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      throw new TaskFailure(failureOfInput(input.name, error));
    }
  }
}
