import type { Kernel } from '@backlot/control/workload';
import { Gauge } from 'prom-client';
import type { HostUsage } from '../../contract/media/calls.ts';
import type { MediaHosts } from '../console/media-hosts.ts';

/** A look at every host so often, in milliseconds: ROV looked every 20 s. Reading the metrics asks nobody. */
const everyMs = 15_000;

type Sample = { readonly node: string; readonly usage: HostUsage };

/** How busy the workers are, by the last look at each media host. */
export class HostSampler {
  readonly #kernel: Kernel;
  readonly #hosts: MediaHosts;
  readonly #stop = new AbortController();
  #samples: readonly Sample[] = [];
  #running: Promise<void> = Promise.resolve();

  constructor(kernel: Kernel, hosts: MediaHosts) {
    this.#kernel = kernel;
    this.#hosts = hosts;
    const registers = [kernel.metrics];
    const perWorker = (name: string, help: string, value: (worker: HostUsage['workers'][number]) => number) =>
      new Gauge({
        name: `backlot_rooms_worker_${name}`,
        help,
        labelNames: ['node', 'worker'],
        registers,
        collect: function collect(this: Gauge<'node' | 'worker'>) {
          this.reset();
          for (const { node, usage } of samples()) {
            for (const worker of usage.workers)
              this.set({ node, worker: String(worker.index) }, value(worker));
          }
        },
      });
    const samples = () => this.#samples;
    perWorker(
      'cores',
      'Cores that a mediasoup worker used between the last two looks.',
      ({ cores }) => cores ?? 0,
    );
    perWorker(
      'predicted_packets',
      'Packets per second that a worker is expected to send.',
      (worker) => worker.predictedPackets,
    );
    perWorker(
      'budget_packets',
      'Packets per second that a worker may be given.',
      ({ budgetPackets }) => budgetPackets,
    );
    perWorker('transports', 'Transports on a worker.', ({ transports }) => transports);
    perWorker('consumers', 'Consumers on a worker.', ({ consumers }) => consumers);
    perWorker('producers', 'Producers on a worker.', ({ producers }) => producers);
    perWorker('restarts', 'Deaths of a worker since its host started.', ({ restarts }) => restarts);
  }

  /** Workers that run. */
  get workers(): number {
    return this.#samples.reduce(
      (sum, { usage }) => sum + usage.workers.filter(({ state }) => state === 'running').length,
      0,
    );
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Looks now. */
  async look(): Promise<void> {
    const all = await this.#hosts.usage();
    this.#samples = all.flatMap(({ shard, usage }) => (usage ? [{ node: shard.nodeName, usage }] : []));
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.look().catch((error: unknown) =>
        this.#kernel.log.debug({ err: error }, 'the media hosts could not be looked at'),
      );
      await this.#kernel.clock.sleep(everyMs, this.#stop.signal).catch(() => undefined);
    }
  }
}
