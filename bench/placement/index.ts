import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '@backlot/control/db/database';
import { startEmbeddedPostgres } from '@backlot/control/db/embedded/embedded-postgres';
import { kernelMigrations } from '@backlot/control/db/kernel-migrations';
import { migrate } from '@backlot/control/db/migrate';
import { openCoreHouse } from '@backlot/testkit/core-house';
import type { FakeEnd } from '@backlot/testkit/fake-fleet';
import pino from 'pino';
import { measureBacklog } from './backlog.ts';
import { measureIdle } from './idle.ts';
import { benchWorkload } from './workload.ts';

/** What may be chosen; the same names as `backlot bench placement`. */
export interface BenchOptions {
  readonly nodes?: number;
  readonly tasks?: number;
  /** How long the backlog is measured at most. */
  readonly seconds?: number;
  readonly signal: AbortSignal;
  readonly report: (line: string) => void;
}
export interface BenchResult {
  readonly measured: Readonly<Record<string, number | string>>;
  readonly bars: readonly {
    readonly name: string;
    readonly wanted: string;
    readonly found: string;
    readonly ok: boolean;
  }[];
}

/**
 * Measures placement on this machine: the real core on a real, durable PostgreSQL of its own, with nodes that exist
 * as messages only (`testkit/fake-fleet.ts`) and answer every offer. Everything between a job that is submitted and
 * an offer that is handed to a link is what runs in production.
 *
 * Two measurements: an idle fleet that is given one task after the other (how long until the offer), and a long
 * queue that meets a large fleet (how many assignments per second, with every node accepting and starting its work
 * meanwhile; then how many ends per second).
 */
export async function run(options: BenchOptions): Promise<BenchResult> {
  const { nodes = 1_000, tasks = 100_000, seconds = 60, signal, report } = options;
  const log = pino({ level: process.env.BACKLOT_LOG_LEVEL ?? 'silent' });
  const directory = await mkdtemp(join(tmpdir(), 'backlot-bench-'));
  // PostgreSQL may run as another user than we do.
  await chmod(directory, 0o755);
  report('starting a PostgreSQL of its own');
  const postgres = await startEmbeddedPostgres({ dataDir: join(directory, 'postgres'), log });
  const store = openDatabase({ address: postgres.connection, log });
  try {
    await migrate(store, [kernelMigrations], log);
    // Nothing runs: what limits every rate is the control plane alone.
    const done: FakeEnd = { outcome: 'ok', result: {} };
    let work = async (): Promise<FakeEnd> => done;
    const house = await openCoreHouse({
      store,
      workloads: [benchWorkload],
      work: () => work(),
    });
    try {
      report(`adding ${nodes} nodes`);
      // Room for the whole queue, so that the rate is that of the scheduler and not that of the work.
      const cpu = Math.ceil((1.5 * tasks) / nodes);
      await house.fleet.addMany(Array.from({ length: nodes }, () => ({ cpu, memory: 4 * cpu * 1024 ** 3 })));
      house.core.placement.wake('node-changed');
      const idle = await measureIdle(house, { submissions: 200, signal, report });
      work = async () => 'hang';
      const backlog = await measureBacklog(house, { store, tasks, seconds, signal, report });
      return {
        measured: {
          nodes,
          tasks,
          'queue to offer p50 (ms)': idle.p50,
          'queue to offer p95 (ms)': idle.p95,
          'queue to offer p99 (ms)': idle.p99,
          'submit 10,000 tasks (ms)': backlog.submitMs,
          'assignments per second': backlog.perSecond,
          'assignments per second, best second': backlog.bestSecond,
          'work started per second': backlog.startedPerSecond,
          'work finished per second': backlog.finishedPerSecond,
          'memory of the process, resident (MiB)': Math.round(process.memoryUsage().rss / 1024 ** 2),
          'memory of the process, heap (MiB)': Math.round(process.memoryUsage().heapUsed / 1024 ** 2),
          'cores used by this process': backlog.cores,
        },
        bars: [
          {
            name: 'assignments per second',
            wanted: '>= 1,000',
            found: String(backlog.perSecond),
            ok: backlog.perSecond >= 1_000,
          },
          {
            name: 'queue to offer on an idle fleet, p95',
            wanted: '<= 50 ms',
            found: `${idle.p95} ms`,
            ok: idle.p95 <= 50,
          },
          {
            name: 'submit 10,000 tasks',
            wanted: '<= 2,000 ms',
            found: `${backlog.submitMs} ms`,
            ok: backlog.submitMs <= 2_000,
          },
        ],
      };
    } finally {
      await house.close();
    }
  } finally {
    await store.close();
    await postgres.close();
    await rm(directory, { recursive: true, force: true });
  }
}
