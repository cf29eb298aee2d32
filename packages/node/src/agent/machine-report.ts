import type { Capability, Inventory, NodeDisk, NodeLoad } from '@backlot/contract';
import type { Clock } from '@backlot/contract/clock';
import type { Logger } from 'pino';
import type { Machine } from '../drivers/machine.ts';
import { GpuMonitor } from '../inventory/gpu-monitor.ts';
import { type Gpus, readGpus, readInventory } from '../inventory/inventory.ts';
import { LoadSampler } from '../inventory/load-sampler.ts';
import { kernelCapabilities } from '../probes/kernel-capabilities.ts';
import { runProbes } from '../probes/run-probes.ts';
import type { CapabilityProbe } from '../workload.ts';

/** How often the machine is looked at again: a disk fills, a program is updated, or has just been built. */
const LOOK_MS = 20_000;
/** Between two looks at the load of the GPUs. */
const GPU_MS = 3_000;

export interface MachineReportOptions {
  readonly machine: Machine;
  readonly dataDir: string;
  readonly cacheDir: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly probes: readonly CapabilityProbe[];
  /** What is held here, and how the disk stands. */
  readonly disk: () => NodeDisk;
  readonly clock: Clock;
  readonly log: Logger;
  /** The inventory is another one than before. */
  changed(inventory: Inventory): void;
}

/** What this machine is, what it has proved, and its load. */
export class MachineReport {
  readonly #options: MachineReportOptions;
  readonly #closing = new AbortController();
  readonly #sampler: LoadSampler;
  readonly #gpus: Gpus;
  readonly #monitor: GpuMonitor | undefined;
  #proved: readonly Capability[] = [];
  #inventory: Inventory | undefined;
  #cancel: (() => void) | undefined;
  #looking: Promise<void> | undefined;
  readonly #known = Promise.withResolvers<void>();
  /** Probes that this agent has asked. */
  readonly #asked = new Set<string>();

  private constructor(options: MachineReportOptions, gpus: Gpus) {
    const { clock, dataDir } = options;
    this.#options = options;
    this.#gpus = gpus;
    this.#monitor =
      gpus.program === undefined
        ? undefined
        : new GpuMonitor({
            program: gpus.program,
            intervalMs: GPU_MS,
            clock,
            env: { PATH: process.env.PATH ?? '' },
          });
    this.#sampler = new LoadSampler({ clock, dataDir, ...(this.#monitor ? { gpus: this.#monitor } : {}) });
  }

  static async open(options: MachineReportOptions): Promise<MachineReport> {
    const report = new MachineReport(options, await readGpus(options.machine.run));
    await report.#sampler.sample();
    return report;
  }

  /** What is known now. Capabilities of workloads come when their probes are done. */
  get inventory(): Inventory | undefined {
    return this.#inventory;
  }

  /**
   * Resolves when all probes have been asked once since the agent's start. Until then a capability that is not there may
   * only not be proved yet; never when the agent closes before.
   */
  get known(): Promise<void> {
    return this.#known.promise;
  }

  get capabilities(): readonly Capability[] {
    const { machine, clock } = this.#options;
    return [...kernelCapabilities(machine, this.#gpus, clock), ...this.#proved];
  }

  async load(): Promise<NodeLoad> {
    return { ...(await this.#sampler.sample()), disk: this.#options.disk() };
  }

  /**
   * Tells the machine itself at once and its capabilities as soon as they are proved: the first start may take
   * minutes for that, later ones find the results on the disk.
   */
  start(): void {
    this.#looking = this.#look(true);
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('The agent is closing.'));
    this.#cancel?.();
    this.#monitor?.close();
    await this.#looking;
  }

  async #look(first: boolean): Promise<void> {
    const { log, clock } = this.#options;
    try {
      const probing = this.#probe();
      const soon = await Promise.race([probing.then(() => true), clock.sleep(1_000).then(() => false)]);
      if (first && !soon) await this.#read();
      await probing;
      this.#known.resolve();
      await this.#read();
    } catch (error) {
      if (!this.#closing.signal.aborted) log.warn({ err: error }, 'this machine could not be looked at');
    }
    if (this.#closing.signal.aborted) return;
    this.#cancel = clock.after(LOOK_MS, () => {
      this.#looking = this.#look(false);
    });
  }

  async #probe(): Promise<void> {
    const { probes, machine, log, cacheDir } = this.#options;
    this.#proved = await runProbes({
      probes,
      run: machine.run,
      log,
      signal: this.#closing.signal,
      cacheDir,
      onProbe: (name) => {
        // What is never kept is asked at each look: said once.
        log[this.#asked.has(name) ? 'debug' : 'info'](
          { probe: name },
          'finding out what this machine can do',
        );
        this.#asked.add(name);
      },
    });
  }

  async #read(): Promise<void> {
    const { dataDir, labels } = this.#options;
    const inventory = await readInventory({
      dataDir,
      labels,
      capabilities: this.capabilities,
      gpus: this.#gpus,
    });
    if (inventory.hash === this.#inventory?.hash) return;
    this.#inventory = inventory;
    this.#options.changed(inventory);
  }
}
