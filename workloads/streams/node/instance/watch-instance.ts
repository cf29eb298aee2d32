import { type ProcessFacts, TaskFailure, type WatchContext } from '@backlot/node/workload';
import { sentence } from '../../contract/node-phrases.ts';
import type { InstanceFacts, InstanceParameters } from '../../contract.ts';
import { readFacts, type SaidFacts } from './facts-line.ts';
import { VideoMemory } from './video-memory.ts';

/** Until the first measurement is there, it is looked for so often. */
const firstLookMs = 150;
/** Of the log of an instance that is adopted, this much is read for what it last said of itself. */
const lookBackBytes = 64 * 1024;
const mebibyte = 1024 * 1024;
/** One for all instances of this agent. */
const videoMemory = new VideoMemory();

/**
 * Follows a running instance: measures it, tells what it says of itself, and ends it when it takes more than it may.
 * Begins anew after an agent's restart; nothing of it has to be remembered.
 */
export async function watchInstance(context: WatchContext<InstanceParameters>): Promise<void> {
  const { parameters, clock, signal } = context;
  const said = new SaidReader(context);
  let earlier: ProcessFacts | undefined;
  while (!signal.aborted) {
    // The runner may be about to end, or too busy to answer; the next look tells.
    const measured = await context.measure().catch(() => undefined);
    // In the first moment nothing has been measured, or only the moment before the program was there.
    const ready = measured !== undefined && (measured.memory ?? 0) > 0;
    if (ready) {
      refuseExcess(parameters, measured);
      context.progress({ detail: await factsOf(context, measured, earlier, await said.read()) });
      earlier = measured;
    }
    const pause = ready || earlier ? parameters.watch.everyMs : firstLookMs;
    await clock.sleep(pause, signal).catch(() => undefined);
  }
}

/** The facts as the control plane knows them. */
export async function factsOf(
  context: Pick<WatchContext<InstanceParameters>, 'offer' | 'run' | 'clock'>,
  measured: ProcessFacts,
  earlier: ProcessFacts | undefined,
  said: SaidFacts,
): Promise<InstanceFacts> {
  const hasGpu = context.offer.resources.gpus.length > 0;
  return {
    memory: measured.memory ?? 0,
    ...(measured.peakMemory === undefined ? {} : { peakMemory: measured.peakMemory }),
    vram: hasGpu ? await videoMemory.of(context.run, context.clock, measured.pids) : null,
    processes: measured.pids.length,
    cpu: coresInUse(measured, earlier),
    ...said,
    ...(measured.pids[0] === undefined ? {} : { pid: measured.pids[0] }),
  };
}

/** Between two looks; null before there are two, and where nothing counts. */
export function coresInUse(now: ProcessFacts, earlier: ProcessFacts | undefined): number | null {
  if (now.cpuMs === undefined || earlier?.cpuMs === undefined) return null;
  const wall = now.wallMs - earlier.wallMs;
  return wall > 0 ? Math.max(0, (now.cpuMs - earlier.cpuMs) / wall) : null;
}

/** @throws TaskFailure when the application takes more than it may; whoever uses it loses it */
function refuseExcess({ watch, app, version }: InstanceParameters, { memory = 0, pids }: ProcessFacts): void {
  if (watch.memoryLimit !== null && memory > watch.memoryLimit) {
    throw new TaskFailure({
      class: 'memory',
      reason: sentence('streams.memory', {
        used: Math.round(memory / mebibyte),
        limit: Math.round(watch.memoryLimit / mebibyte),
      }),
      signature: `memory:streams.memory:${app}:${version}`,
      peakMemory: memory,
    });
  }
  if (watch.processLimit !== null && pids.length > watch.processLimit) {
    throw new TaskFailure({
      class: 'crash',
      reason: sentence('streams.processes', { count: pids.length, limit: watch.processLimit }),
      signature: `crash:streams.processes:${app}:${version}`,
    });
  }
}

/** Reads on in the log, and keeps the last that was said. */
class SaidReader {
  readonly #context: Pick<WatchContext<InstanceParameters>, 'logEnd' | 'readLog'>;
  #position: number | undefined;
  #said: SaidFacts = {};
  /** The beginning of a line whose end has not been printed yet. */
  #rest = '';

  constructor(context: Pick<WatchContext<InstanceParameters>, 'logEnd' | 'readLog'>) {
    this.#context = context;
  }

  async read(): Promise<SaidFacts> {
    this.#position ??= Math.max(0, (await this.#context.logEnd('stdout')) - lookBackBytes);
    for (let more = true; more; ) {
      const { text, next } = await this.#context.readLog('stdout', this.#position);
      more = next > this.#position;
      this.#position = next;
      const whole = this.#rest + text;
      const end = whole.lastIndexOf('\n') + 1;
      this.#said = { ...this.#said, ...readFacts(whole.slice(0, end)) };
      this.#rest = whole.slice(end).slice(-4_096);
    }
    return this.#said;
  }
}

/** What it last said of itself, looked up now. */
export const lastSaid = (context: Pick<WatchContext<InstanceParameters>, 'logEnd' | 'readLog'>) =>
  new SaidReader(context).read();
