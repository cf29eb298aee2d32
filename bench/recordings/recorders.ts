import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ShardProcess } from '../../workloads/recordings/test/chaos/shard-process.ts';

/** Recorders that run, on one core. */
export interface Recorders {
  readonly pids: () => readonly number[];
  /** Ends them; afterwards what they have recorded is whole. */
  close(): Promise<void>;
}

const perShard = 50;
const idOf = (index: number) => `01900000-0000-7000-8000-${index.toString(16).padStart(12, '0')}`;

function pin(pid: number, core: number): void {
  const ended = spawnSync('taskset', ['-a', '-p', '-c', String(core), String(pid)], { encoding: 'utf8' });
  if (ended.status !== 0) throw new Error(`taskset: ${ended.stderr}`);
}

export interface ShardRecorders extends Recorders {
  readonly shards: readonly ShardProcess[];
}

/** Real shards of fifty channels each, all on one core. */
export async function openShards(
  count: number,
  options: { readonly url: string; readonly folder: string; readonly core: number },
): Promise<ShardRecorders> {
  const shards: ShardProcess[] = [];
  for (let from = 0; from < count; from += perShard) {
    const shard = new ShardProcess(join(options.folder, `s${from}`), {}, { keepBytes: false });
    shards.push(shard);
    await shard.start();
    pin(shard.pid, options.core);
    for (let index = from; index < Math.min(count, from + perShard); index += 1)
      await shard.record(idOf(index), {
        channelId: idOf(index),
        source: { kind: 'http-flv', url: `${options.url}?channel=${index}` },
      });
  }
  return {
    shards,
    pids: () => shards.map(({ pid }) => pid),
    close: async () => void (await Promise.all(shards.map((shard) => shard.stop()))),
  };
}

/** One ffmpeg for each channel, as everybody does it: copied into transport-stream segments of ten seconds, flushed. */
export async function openFfmpegs(
  count: number,
  options: { readonly url: string; readonly folder: string; readonly core: number },
): Promise<Recorders> {
  const children: ChildProcess[] = [];
  mkdirSync(options.folder, { recursive: true });
  for (let index = 0; index < count; index += 1) {
    const folder = join(options.folder, String(index));
    mkdirSync(folder);
    children.push(
      spawn(
        'taskset',
        [
          ...['-c', String(options.core), 'ffmpeg', '-nostdin', '-v', 'error'],
          ...['-i', `${options.url}?channel=${index}`, '-c', 'copy', '-f', 'segment', '-segment_time', '10'],
          ...[
            '-segment_format',
            'mpegts',
            '-segment_format_options',
            'flush_packets=1',
            join(folder, '%05d.ts'),
          ],
        ],
        { stdio: 'ignore' },
      ),
    );
    // All at once, a core would be busy with starting them for longer than we measure.
    if (index % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  return {
    pids: () =>
      children.flatMap(({ pid, exitCode }) => (pid !== undefined && exitCode === null ? [pid] : [])),
    async close() {
      const gone = children.map(
        (child) =>
          new Promise<void>((resolve) =>
            child.exitCode === null ? child.once('close', () => resolve()) : resolve(),
          ),
      );
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(gone);
    },
  };
}
