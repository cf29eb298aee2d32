import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import type { Capability } from '@backlot/contract';
import type { Launch } from '@backlot/node/workload';
import { toolVariables } from './tools.ts';

/**
 * How Node is started for a shard. It makes few objects that live and many that don't; with 2 MB for the young instead of 16
 * (three times), collections are as short and fifty channels need 33 MB of their own, not 44.
 */
export const shardFlags = ['--no-warnings', '--max-semi-space-size=2'] as const;

/** Starts the program of a shard. */
export function shardLaunch(program: string, capabilities: readonly Capability[]): Launch {
  // Its own start is what channels miss after a crash: compiled code of the one before makes it three times shorter.
  const cache = getCompileCacheDir();
  return {
    argv: [process.execPath, ...shardFlags, program],
    env: {
      ...toolVariables(capabilities, process.env),
      // Node makes a folder for its version in it, which is what it tells.
      ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: dirname(cache) }),
    },
  };
}
