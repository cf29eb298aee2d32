import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A process of the product that a test starts, kills and starts again. */
export interface Part<T> {
  readonly pid: number;
  /** What it said when it was ready. */
  readonly said: T;
  /** As `kill -9`: it gets to say nothing. */
  kill(): Promise<void>;
  /** Ends it with what it runs. */
  end(): Promise<void>;
}

/** Starts a program of this folder and waits for its first message. @throws when it ends before */
export async function startPart<T>(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Part<T>> {
  const file = fileURLToPath(new URL(`./${program}`, import.meta.url));
  const child: ChildProcess = fork(file, [...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  const [said] = (await Promise.race([
    once(child, 'message'),
    ended.then(([code, signal]) => {
      throw new Error(`${program} ended with ${code ?? signal} before it was ready.`);
    }),
  ])) as [T];
  return {
    pid: child.pid ?? -1,
    said,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async end() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
