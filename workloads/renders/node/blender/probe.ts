import { mkdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Capability } from '@backlot/contract';
import type { CapabilityProbe, ProbeContext } from '@backlot/node/workload';
import { blenderArguments, blenderEnvironment, samplesDir, scriptsDir } from './arguments.ts';
import { exchangeFiles, readProgress, readResult, writeRequest } from './exchange.ts';
import { locateBlenders } from './locate.ts';
import { ProbeOutcome } from './request.ts';

/** Name of the capability that render tasks ask for. */
export const BLENDER = 'blender';
/** The file that stands for each importer. */
const samples: Readonly<Record<string, string>> = Object.fromEntries(
  ['glb', 'gltf', 'obj', 'fbx', 'stl', 'ply', 'dae'].map((format) => [
    format,
    join(samplesDir, `tetrahedron.${format}`),
  ]),
);
/** Eevee compiles its shaders in software on a machine without a display: seconds, not milliseconds. */
const PROBE_TIMEOUT_MS = 120_000;
const VERSION_TIMEOUT_MS = 20_000;

type ProbeFacts = Extract<ProbeOutcome, { outcome: 'ok' }>;

/**
 * Features of the capability, from what the trials showed. `v<version>` lets a job keep all its frames on one version;
 * `.blend` needs no importer, as every Blender reads its own files.
 */
export function featuresOf(facts: Pick<ProbeFacts, 'version' | 'trials'>): string[] {
  const features = [`v${facts.version}`, 'blend'];
  for (const [name, trial] of Object.entries(facts.trials)) {
    if (!trial.ok) continue;
    if (name.startsWith('import.') || name.startsWith('engine.')) features.push(name.slice(7));
    else if (name === 'denoise.oidn') features.push('oidn');
    else features.push(name);
  }
  if (features.includes('cycles')) features.push('cycles-cpu');
  return features.sort();
}

/** Proves each Blender of the machine by importing a tiny model of every format and rendering with every engine. */
export const blenderProbe: CapabilityProbe = {
  name: BLENDER,
  async fingerprint({ env }) {
    const binaries = await locateBlenders(env);
    return binaries.length === 0 ? [] : [...binaries, join(scriptsDir, 'stage', 'probe_mode.py')];
  },
  async probe(context) {
    const capabilities: Capability[] = [];
    for (const binary of await locateBlenders(context.env)) {
      const capability = await probeOne(context, binary);
      if (capability) capabilities.push(capability);
    }
    return capabilities;
  },
};

async function probeOne(context: ProbeContext, binary: string): Promise<Capability | undefined> {
  const { run, log, signal, scratch } = context;
  const folder = join(scratch, `blender-${capabilityIndex(binary)}`);
  await mkdir(folder, { recursive: true });
  const env = { ...blenderEnvironment, HOME: folder };
  const version = await run([binary, '-b', '--version'], { timeoutMs: VERSION_TIMEOUT_MS, signal, env });
  if (version.code !== 0 || !version.stdout.toString('latin1').startsWith('Blender')) {
    log.warn({ binary, code: version.code }, 'this is no Blender that starts');
    return undefined;
  }
  const outcome = await tryEverything(context, binary, folder, env);
  if (!outcome) return undefined;
  return {
    name: BLENDER,
    version: outcome.version,
    features: featuresOf(outcome),
    details: {
      path: binary,
      versionText: outcome.versionText,
      cores: availableParallelism(),
      devices: outcome.devices,
      buildOptions: outcome.buildOptions,
      // Why something is not among the features: shown on the node's page.
      lacks: Object.fromEntries(
        Object.entries(outcome.trials)
          .filter(([, trial]) => !trial.ok)
          .map(([name, trial]) => [name, trial.detail]),
      ),
    },
    proof: 'imported a tiny model of each format, rendered 16 pixels with each engine',
    provedAt: new Date().toISOString(),
  };
}

/**
 * Has the script try everything. A trial that takes Blender with it (an engine without its graphics library, a broken
 * driver) counts as failed, and the rest is tried again without it: what one engine lacks must not hide the others.
 */
async function tryEverything(
  { run, log, signal }: ProbeContext,
  binary: string,
  folder: string,
  env: Readonly<Record<string, string>>,
): Promise<ProbeFacts | undefined> {
  const fatal: Record<string, ProbeFacts['trials'][string]> = {};
  for (;;) {
    const files = exchangeFiles(folder);
    await Promise.all([files.result, files.progress].map((file) => rm(file, { force: true })));
    const request = await writeRequest(folder, {
      mode: 'probe',
      samples,
      scratch: folder,
      engines: ['cycles', 'eevee', 'workbench'],
      skip: Object.keys(fatal),
    });
    const ended = await run(blenderArguments(binary, request), { timeoutMs: PROBE_TIMEOUT_MS, signal, env });
    const outcome = await readResult(folder, ProbeOutcome);
    if (outcome?.outcome === 'ok') return { ...outcome, trials: { ...outcome.trials, ...fatal } };

    const tail = ended.stderr.toString('latin1').slice(-2_000);
    const last = (await readProgress(folder)).findLast((line) => line.event === 'trial')?.name;
    if (outcome !== undefined || last === undefined || last in fatal || signal.aborted) {
      log.warn({ binary, code: ended.code, timedOut: ended.timedOut, tail }, 'Blender could not be probed');
      return undefined;
    }
    const how = ended.timedOut ? 'ran out of time' : `ended Blender (${ended.signal ?? ended.code})`;
    const said = tail.trimEnd().split('\n').at(-1) ?? '';
    log.info({ binary, trial: last, how, said }, 'a trial took Blender with it; the others go on without it');
    fatal[last] = { ok: false, seconds: 0, detail: `${how}: ${said}`.slice(0, 300) };
  }
}

/** A short name for a scratch folder; the path itself may hold anything. */
function capabilityIndex(binary: string): string {
  return binary.replace(/[^a-zA-Z0-9]+/g, '-').slice(-80);
}
