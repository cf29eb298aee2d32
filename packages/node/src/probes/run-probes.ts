import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Capability } from '@backlot/contract/capability';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { CapabilityProbe, RunCommand } from '../workload.ts';

/** How long one probe may take, in milliseconds. The first look at Blender imports a sample of every format. */
const probeMs = 300_000;

export interface RunProbesOptions {
  readonly probes: readonly CapabilityProbe[];
  readonly run: RunCommand;
  readonly log: Logger;
  /** Ends all probes: the agent is closing. */
  readonly signal: AbortSignal;
  /** Folder for the results of earlier starts and for scratch space. */
  readonly cacheDir: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Shown before each probe that isn't answered from the cache, so that a first start shows what it waits for. */
  readonly onProbe?: (name: string) => void;
}

/** One probe's result as kept on disk. */
const Kept = z.object({ v: z.literal(1), fingerprint: z.string(), capabilities: z.array(Capability) });

/**
 * Finds out what this machine can do. A result is kept as long as the files that it depends on are the same (path, size,
 * time of change), so only the first start takes its time. A probe that fails or hangs costs its own capabilities and
 * nothing else; its failure is not kept.
 */
export async function runProbes(options: RunProbesOptions): Promise<Capability[]> {
  await mkdir(options.cacheDir, { recursive: true });
  const found: Capability[] = [];
  // One after the other: each may take all cores, and two at once would only take longer to fail.
  for (const probe of options.probes) {
    options.signal.throwIfAborted();
    try {
      found.push(...(await runProbe(probe, options)));
    } catch (error) {
      if (options.signal.aborted) throw error;
      options.log.warn({ err: error, probe: probe.name }, 'a probe failed; its capabilities are not offered');
    }
  }
  return found;
}

async function runProbe(probe: CapabilityProbe, options: RunProbesOptions): Promise<readonly Capability[]> {
  const { run, log, cacheDir, env = process.env } = options;
  const scratch = await mkdtemp(join(cacheDir, `scratch-${probe.name}-`));
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(probeMs)]);
  try {
    const context = { run, log: log.child({ probe: probe.name }), signal, scratch, env };
    const fingerprint = await fingerprintOf(await probe.fingerprint(context));
    const file = join(cacheDir, `${probe.name}.json`);
    const kept = fingerprint === undefined ? undefined : await readKept(file);
    if (kept && kept.fingerprint === fingerprint) return kept.capabilities;
    options.onProbe?.(probe.name);
    const capabilities = await withinSignal(probe.probe(context), signal);
    const parsed = capabilities.map((capability) => Capability.parse(capability));
    if (fingerprint !== undefined) await keep(file, { v: 1, fingerprint, capabilities: parsed });
    return parsed;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Path, size and time of change of each file; nothing when there are none, since then there is nothing to depend on. */
async function fingerprintOf(paths: readonly string[]): Promise<string | undefined> {
  if (paths.length === 0) return undefined;
  const parts = await Promise.all(
    paths.map(async (path) => {
      const facts = await stat(path).catch(() => undefined);
      return [path, facts?.size ?? null, facts?.mtimeMs ?? null];
    }),
  );
  return JSON.stringify(parts);
}

async function readKept(file: string): Promise<z.infer<typeof Kept> | undefined> {
  try {
    return Kept.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    // Not there yet, or of another version: probing again puts it right.
    return undefined;
  }
}

async function keep(file: string, value: z.infer<typeof Kept>): Promise<void> {
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, JSON.stringify(value));
  await rename(temporary, file);
}

/** A probe that does not heed its signal is left to itself. */
function withinSignal<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    // Listened to in any case: nobody else hears of its rejection, and one that nobody hears ends the agent.
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
