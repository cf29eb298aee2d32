import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../node/demo/demo-main.ts', import.meta.url));

/** The demo application as a process of its own, started as a person starts it. */
export interface DemoProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** What it has printed so far. */
  readonly output: string;
  /** How it ended, once it has. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  close(): Promise<void>;
}

export function startDemo(
  url: string,
  args: readonly string[] = ['--width', '320', '--height', '180', '--fps', '20'],
): DemoProcess {
  const child = spawn(process.execPath, [program, '--url', url, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  const ended = once(child, 'exit').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as string | null,
  }));
  return {
    child,
    pid: child.pid ?? -1,
    get output() {
      return output;
    },
    ended,
    async close() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
