import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Capability } from '@backlot/contract/capability';
import { findExecutable } from '../sandbox/sandbox-system.ts';
import type { CapabilityProbe, ProbeContext } from '../workload.ts';
import {
  audioTrials,
  decodeArguments,
  decodersOfInterest,
  type EncoderTrial,
  encodeArguments,
  familiesOf,
  parseCodecList,
  parseVersion,
  videoTrials,
} from './ffmpeg-trials.ts';

/** One trial is a fifth of a second of work; an encoder that hangs is one that can't be used. */
const trialMs = 15_000;
/** Trials at the same time: some encoders take all cores, and other work may run already. */
const atOnce = 2;

/** Name of a program on this platform. */
const executable = (name: string) => (process.platform === 'win32' ? `${name}.exe` : name);

/**
 * ffmpeg, proved by doing: every encoder of interest encodes a frame, which is then decoded again. `BACKLOT_FFMPEG` names
 * another one than the first on the path.
 */
export const ffmpegProbe: CapabilityProbe = {
  name: 'ffmpeg',

  async fingerprint({ env }) {
    const path = locate(env);
    // The kernel's render nodes and the driver's own come and go with the hardware encoders.
    return path ? [path, ffprobeBeside(path) ?? path, '/dev/dri', '/dev/nvidiactl'] : [];
  },

  async probe(context) {
    const path = locate(context.env);
    if (!path) return [];
    const { run, signal } = context;
    const options = { timeoutMs: trialMs, signal };
    const printed = await run([path, '-version'], options);
    if (printed.code !== 0) return [];
    const list = async (what: string) =>
      parseCodecList((await run([path, '-hide_banner', what], options)).stdout.toString('utf8'));
    const built = new Set(await list('-encoders'));
    const encoders = await prove(context, path, built);
    const version = parseVersion(printed.stdout.toString('utf8'));
    const ffprobe = ffprobeBeside(path);
    const capability: Capability = {
      name: 'ffmpeg',
      ...(version === undefined ? {} : { version }),
      features: [...new Set([...encoders, ...familiesOf(encoders), ...(ffprobe ? ['ffprobe'] : [])])].sort(),
      details: {
        path,
        ...(ffprobe ? { ffprobe } : {}),
        decoders: (await list('-decoders')).filter((name) => decodersOfInterest.has(name)),
      },
      proof: `encoded a frame with each of ${encoders.length} encoders and decoded it again`,
      provedAt: new Date().toISOString(),
    };
    return [capability];
  },
};

function locate(env: ProbeContext['env']): string | undefined {
  const named = env.BACKLOT_FFMPEG;
  return findExecutable(named && named !== '' ? named : executable('ffmpeg'), env.PATH ?? '');
}

/** The ffprobe of the same build. */
function ffprobeBeside(path: string): string | undefined {
  return findExecutable(path.replace(/ffmpeg(\.exe)?$/, 'ffprobe$1'), '');
}

/** Names of the encoders that work, in the order of the trials. */
async function prove(context: ProbeContext, path: string, built: ReadonlySet<string>): Promise<string[]> {
  const trials = [
    ...videoTrials.map((trial) => ({ trial, kind: 'video' as const })),
    ...audioTrials.map((trial) => ({ trial, kind: 'audio' as const })),
  ].filter(({ trial }) => built.has(trial.encoder));
  const works = new Set<string>();
  const queue = [...trials];
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      context.signal.throwIfAborted();
      if (await holds(context, path, next.trial, next.kind)) works.add(next.trial.encoder);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return trials.map(({ trial }) => trial.encoder).filter((encoder) => works.has(encoder));
}

async function holds(
  { run, scratch, signal }: ProbeContext,
  path: string,
  trial: EncoderTrial,
  kind: 'video' | 'audio',
): Promise<boolean> {
  const file = join(scratch, `${trial.encoder}.${trial.container}`);
  const options = { timeoutMs: trialMs, signal, cwd: scratch };
  const encoded = await run([path, ...encodeArguments(trial, kind, file)], options);
  if (encoded.code !== 0) return false;
  const decoded = await run([path, ...decodeArguments(file)], options);
  await rm(file, { force: true });
  return decoded.code === 0 && decoded.stderr.length === 0;
}
