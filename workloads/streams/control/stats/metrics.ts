import type { Kernel } from '@backlot/control/workload';
import { sql } from 'kysely';
import { Counter, Gauge, Histogram } from 'prom-client';
import type { Ground } from '../ground.ts';
import { countStreams } from './counts.ts';

/** How often gauges are read again at most, however often somebody scrapes. Milliseconds. */
const believedMs = 2_000;

/** Figures of streams for Prometheus. Counts are read from the database when they are asked for. */
export function exposeMetrics(ground: Ground): void {
  const { kernel } = ground;
  const { metrics: registry } = kernel;
  const registers = [registry];
  const read = cached(kernel, () => countStreams(kernel.db));
  const gauge = (
    name: string,
    help: string,
    pick: (counts: Awaited<ReturnType<typeof countStreams>>[number]) => number,
  ) => {
    new Gauge({
      name,
      help,
      labelNames: ['app'],
      registers,
      async collect() {
        const counts = await read();
        this.reset();
        for (const row of counts) this.set({ app: row.slug }, pick(row));
      },
    });
  };
  gauge('backlot_streams_sessions_live', 'Sessions that have an instance.', ({ live }) => live);
  gauge('backlot_streams_sessions_queued', 'Sessions that wait for an instance.', ({ queued }) => queued);
  gauge('backlot_streams_instances_free', 'Instances that are ready and free.', ({ free }) => free);
  gauge(
    'backlot_streams_instances_starting',
    'Instances that are being started or reset.',
    ({ starting }) => starting,
  );
  gauge('backlot_streams_instances', 'Instances that are not ended.', ({ instances }) => instances);
  new Gauge({
    name: 'backlot_streams_players_connected',
    help: 'Players whose socket is open on this control process.',
    registers,
    collect() {
      this.set(ground.hub.players);
    },
  });
}

/** Counts ends and measures waits from events, each once on the replica that follows them. */
export function createStreamCounters(kernel: Kernel) {
  const registers = [kernel.metrics];
  const sessionsEnded = new Counter({
    name: 'backlot_streams_sessions_ended_total',
    help: 'Sessions that ended, by reason.',
    labelNames: ['reason'],
    registers,
  });
  const instancesEnded = new Counter({
    name: 'backlot_streams_instances_ended_total',
    help: 'Instances that ended, by reason.',
    labelNames: ['reason'],
    registers,
  });
  const waited = new Histogram({
    name: 'backlot_streams_wait_seconds',
    help: 'From the arrival of a viewer until there was an instance.',
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600],
    registers,
  });
  return {
    sessionEnded: (reason: string) => sessionsEnded.inc({ reason }),
    instanceEnded: (reason: string) => instancesEnded.inc({ reason }),
    async sessionReady(id: string) {
      const { rows } = await sql<{ seconds: number | null }>`
        SELECT extract(epoch FROM ready_at - requested_at)::float8 AS seconds FROM streams_session WHERE id = ${id}
      `.execute(kernel.db);
      const seconds = rows[0]?.seconds;
      if (typeof seconds === 'number') waited.observe(seconds);
    },
  };
}

function cached<T>(kernel: Kernel, ask: () => Promise<T>): () => Promise<T> {
  let last: { readonly at: number; readonly answer: Promise<T> } | undefined;
  return () => {
    const at = kernel.clock.monotonic();
    if (last && at - last.at < believedMs) return last.answer;
    const answer = ask();
    last = { at, answer };
    answer.catch(() => {
      last = undefined;
    });
    return answer;
  };
}
