import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Clock } from '@backlot/contract/clock';
import { type GpuLoad, gpuLoadArguments, parseGpuLoad } from './nvidia.ts';

export interface GpuMonitorOptions {
  /** Path of `nvidia-smi`. */
  readonly program: string;
  readonly intervalMs: number;
  readonly clock: Clock;
  /** The whole environment of the process: marks, so that the sweep finds it. */
  readonly env: Readonly<Record<string, string>>;
}

/** Before `nvidia-smi` is started again after it has ended, in milliseconds. It does so when the driver is replaced. */
const restartMs = 30_000;

/**
 * Follows the load of the GPUs through one `nvidia-smi` that prints it again and again: starting one for each look would
 * cost more CPU than all the rest of the agent.
 */
export class GpuMonitor {
  readonly #options: GpuMonitorOptions;
  readonly #loads = new Map<number, { load: GpuLoad; at: number }>();
  #child: ChildProcess | undefined;
  #cancelRestart: () => void = () => {};
  #closed = false;

  constructor(options: GpuMonitorOptions) {
    this.#options = options;
    this.#start();
  }

  /** The last load of each GPU, by index. Empty until the first look, and when the looks have stopped. */
  loads(): GpuLoad[] {
    const { clock, intervalMs } = this.#options;
    const fresh = clock.monotonic() - Math.max(intervalMs * 4, 20_000);
    return [...this.#loads.values()]
      .filter(({ at }) => at >= fresh)
      .map(({ load }) => load)
      .sort((a, b) => a.index - b.index);
  }

  close(): void {
    this.#closed = true;
    this.#cancelRestart();
    this.#child?.kill('SIGKILL');
  }

  #start(): void {
    const { program, intervalMs, clock, env } = this.#options;
    // It has nothing to save and no children. When the agent is killed it ends by itself at its next line.
    const child = spawn(program, gpuLoadArguments(intervalMs), {
      stdio: ['ignore', 'pipe', 'ignore'],
      env,
      windowsHide: true,
    });
    this.#child = child;
    child.unref();
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      const load = parseGpuLoad(line);
      if (load) this.#loads.set(load.index, { load, at: clock.monotonic() });
    });
    const again = () => {
      lines.close();
      if (this.#child !== child || this.#closed) return;
      this.#cancelRestart = clock.after(restartMs, () => this.#start());
      this.#child = undefined;
    };
    child.once('error', again);
    child.once('exit', again);
  }
}
