import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { AllocationStep } from '@backlot/node/allocations/facts';

const program = fileURLToPath(new URL('./agent-program.ts', import.meta.url));

export interface AgentProcess {
  readonly pid: number;
  /** Resolves when the process has ended, however. */
  readonly ended: Promise<unknown>;
  kill(signal: NodeJS.Signals): void;
  /** Ends it with its work. */
  end(): Promise<void>;
}

/** Starts an agent in a process of its own; resolves when it is there or has killed itself. */
export async function startAgentProcess(options: {
  readonly url: string;
  readonly dataDir: string;
  readonly joinToken?: string;
  readonly dieBefore?: AllocationStep;
}): Promise<AgentProcess> {
  const { url, dataDir, joinToken = '', dieBefore = '' } = options;
  const child: ChildProcess = fork(program, [url, dataDir, joinToken, dieBefore], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  await Promise.race([once(child, 'message'), ended]);
  return {
    pid: child.pid ?? -1,
    ended,
    kill: (signal) => void child.kill(signal),
    async end() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
