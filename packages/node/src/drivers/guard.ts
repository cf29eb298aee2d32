import { findExecutable } from '../sandbox/sandbox-system.ts';
import type { RunCommand } from '../workload.ts';

/**
 * The command to put before a command so that it dies with its runner and can never gain rights (`setpriv` of
 * util-linux 2.33 or later), or nothing where that doesn't work. Node itself can't ask the kernel for this. It holds for the
 * process itself, not for what it starts; those are found by their marks.
 */
export async function findGuard(run: RunCommand, searchPath = process.env.PATH ?? ''): Promise<string[]> {
  const setpriv = process.platform === 'linux' ? findExecutable('setpriv', searchPath) : undefined;
  if (!setpriv) return [];
  const guard = [setpriv, '--pdeathsig', 'KILL', '--no-new-privs', '--'];
  const result = await run([...guard, '/bin/true'], { timeoutMs: 5_000 }).catch(() => undefined);
  return result?.code === 0 ? guard : [];
}
