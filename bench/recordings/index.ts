import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchOptions, BenchResult } from '../../packages/cli/src/commands/bench.ts';
import { openFfmpegs, openShards, type Recorders } from './recorders.ts';
import { usageOf } from './usage.ts';

interface Measured {
  /** Shares of one core. */
  readonly cores: number;
  readonly privateMb: number;
  readonly residentMb: number;
  readonly processes: number;
}

const warmMs = 12_000;

/**
 * What recording costs: channels of 3 Mbit/s in shards of fifty, all on one core, against one ffmpeg each on the same core in
 * the same run. The source is a process of its own on another core.
 */
export async function run(options: BenchOptions): Promise<BenchResult> {
  const { tasks = 200, seconds = 30, signal, report } = options;
  if (process.platform !== 'linux' || availableParallelism() < 2)
    throw new Error(
      'This bench needs Linux, taskset and two cores: one for the recorders, one for the source.',
    );
  const folder = mkdtempSync(join(tmpdir(), 'backlot-bench-recordings-'));
  const origin = fork(fileURLToPath(new URL('origin-process.ts', import.meta.url)), ['2900k'], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: ['--no-warnings'],
  });
  try {
    report('encoding twelve seconds of the source at 3 Mbit/s');
    const [{ url }] = (await once(origin, 'message', { signal })) as [{ url: string }];
    const place = { url, core: 0 };
    report(`${tasks} channels in shards of fifty on one core, for ${seconds} s`);
    const shards = await openShards(tasks, { ...place, folder: join(folder, 'ours') });
    let ours: Measured;
    try {
      ours = await measure(shards, seconds, signal);
    } finally {
      await shards.close();
    }
    const segments = shards.shards.flatMap((shard) => shard.segments);
    const gaps = shards.shards.flatMap((shard) =>
      shard.facts.filter(({ kind }) => kind === 'recordings.gap'),
    );
    const holes = holesIn(segments.map(({ meta }) => meta));
    const channels = new Set(segments.map(({ meta }) => meta.broadcast)).size;
    rmSync(join(folder, 'ours'), { recursive: true, force: true });
    report(`${tasks} ffmpegs on the same core, for ${seconds} s`);
    const ffmpegs = await openFfmpegs(tasks, { ...place, folder: join(folder, 'ffmpeg') });
    let theirs: Measured;
    try {
      theirs = await measure(ffmpegs, seconds, signal);
    } finally {
      await ffmpegs.close();
    }
    return result({ tasks, ours, theirs, gaps: gaps.length + holes, channels });
  } finally {
    origin.disconnect();
    if (origin.exitCode === null) await once(origin, 'exit');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(recorders: Recorders, seconds: number, signal: AbortSignal): Promise<Measured> {
  await pause(warmMs, signal);
  const before = usageOf(recorders.pids());
  const from = performance.now();
  await pause(seconds * 1_000, signal);
  const after = usageOf(recorders.pids());
  const mb = (bytes: number) => Math.round(bytes / 1024 / 1024);
  return {
    cores: (after.cpuMs - before.cpuMs) / (performance.now() - from),
    privateMb: mb(after.privateBytes),
    residentMb: mb(after.residentBytes),
    processes: recorders.pids().length,
  };
}

/** Between two segments of a channel more than two pictures are missing. */
function holesIn(
  metas: readonly { broadcast: string; number: number; firstMs: number; lastMs: number }[],
): number {
  const sorted = [...metas].sort((a, b) => a.broadcast.localeCompare(b.broadcast) || a.number - b.number);
  return sorted.filter((meta, index) => {
    const last = sorted[index - 1];
    return last?.broadcast === meta.broadcast && meta.firstMs - last.lastMs > 100;
  }).length;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        reject(signal.reason);
      },
      { once: true },
    );
  });
}

function result(found: {
  tasks: number;
  ours: Measured;
  theirs: Measured;
  gaps: number;
  channels: number;
}): BenchResult {
  const { tasks, ours, theirs, gaps, channels } = found;
  const percent = (cores: number) => `${(cores * 100).toFixed(1)} %`;
  // The bars are for two hundred channels of 3 Mbit/s; fewer are judged in proportion.
  const cpuBar = Math.max(5, 40 * (tasks / 200));
  const memoryBar = Math.max(100, 300 * (tasks / 200));
  return {
    bars: [
      {
        name: `${tasks} channels x 3 Mbit/s: CPU`,
        wanted: `<= ${cpuBar.toFixed(0)} % of a core`,
        found: percent(ours.cores),
        ok: ours.cores * 100 <= cpuBar,
      },
      {
        name: 'memory (private)',
        wanted: `<= ${memoryBar.toFixed(0)} MB`,
        found: `${ours.privateMb} MB`,
        ok: ours.privateMb <= memoryBar,
      },
      { name: 'gaps', wanted: '0', found: String(gaps), ok: gaps === 0 },
      {
        name: 'cheaper than one ffmpeg each',
        wanted: `< ${percent(theirs.cores)}, < ${theirs.privateMb} MB`,
        found: `${percent(ours.cores)}, ${ours.privateMb} MB`,
        ok: ours.cores < theirs.cores && ours.privateMb < theirs.privateMb,
      },
    ],
    measured: {
      channels,
      oursCpuPercent: percent(ours.cores),
      oursPrivateMb: ours.privateMb,
      oursResidentMb: ours.residentMb,
      oursProcesses: ours.processes,
      ffmpegCpuPercent: percent(theirs.cores),
      ffmpegPrivateMb: theirs.privateMb,
      ffmpegResidentMb: theirs.residentMb,
      ffmpegProcesses: theirs.processes,
      gaps,
    },
  };
}
