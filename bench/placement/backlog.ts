import type { Store } from '@backlot/control/db/database';
import type { CoreHouse } from '@backlot/testkit/core-house';
import { sql } from 'kysely';

export interface BacklogResult {
  readonly submitMs: number;
  readonly perSecond: number;
  readonly bestSecond: number;
  readonly startedPerSecond: number;
  readonly finishedPerSecond: number;
  readonly cores: number;
}

/** Tasks of one job; more would only make the rows of few jobs hotter than they ever are. */
const perJob = 10_000;
const projects = 4;
/** How long ends are measured. */
const finishMs = 10_000;

/**
 * A queue of many tasks of several projects and shapes meets the fleet. Nodes accept and start their work meanwhile,
 * so that every assignment pays for what follows it: offer, acceptance, start, counters, events. Ends are measured
 * after it.
 */
export async function measureBacklog(
  house: CoreHouse,
  options: {
    readonly store: Store;
    readonly tasks: number;
    readonly seconds: number;
    readonly signal: AbortSignal;
    readonly report: (line: string) => void;
  },
): Promise<BacklogResult> {
  const { report, store, tasks } = options;
  const projectIds: string[] = [];
  for (let i = 0; i < projects; i += 1) projectIds.push(await house.project({ name: `Backlog ${i}` }));
  report(`submitting ${tasks} tasks to a paused fleet`);
  for (const node of house.fleet.nodes.values()) node.connected = false;
  house.core.placement.wake('node-changed');
  let submitMs = 0;
  let left = tasks;
  for (let job = 0; left > 0; job += 1) {
    options.signal.throwIfAborted();
    const size = Math.min(perJob, left);
    const startedAt = performance.now();
    await house.core.jobs.submit({
      kind: 'bench.job',
      projectId: projectIds[job % projects] as string,
      name: `backlog ${job}`,
      parameters: { tasks: size, cpu: 0.5 + (job % 3) * 0.5, memory: (job % 3) * 1024 ** 3 },
      actor: house.actor,
    });
    if (size === perJob) submitMs = Math.max(submitMs, performance.now() - startedAt);
    left -= size;
  }
  await sql`ANALYZE`.execute(store.db);

  report('the fleet comes up');
  const before = await counts(store);
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  for (const node of house.fleet.nodes.values()) node.connected = true;
  house.core.placement.wake('node-changed');
  let best = 0;
  let last = before;
  let lastAt = startedAt;
  while (last.placed - before.placed < tasks && lastAt - startedAt < options.seconds * 1_000) {
    options.signal.throwIfAborted();
    await pause(1_000);
    const now = await counts(store);
    const at = performance.now();
    const rate = ((now.placed - last.placed) * 1_000) / (at - lastAt);
    best = Math.max(best, rate);
    report(
      `${Math.round(rate)} assignments/s, ${now.placed - before.placed} of ${tasks}, ` +
        `${now.running - before.running} started, ${Math.round(process.memoryUsage().rss / 1024 ** 2)} MiB`,
    );
    last = now;
    lastAt = at;
  }
  const elapsedS = (lastAt - startedAt) / 1_000;
  const cpu = process.cpuUsage(cpuBefore);
  return {
    submitMs: Math.round(submitMs),
    perSecond: Math.round((last.placed - before.placed) / elapsedS),
    bestSecond: Math.round(best),
    startedPerSecond: Math.round((last.running - before.running) / elapsedS),
    finishedPerSecond: await finishSome(house, options),
    cores: Math.round(((cpu.user + cpu.system) / 1e6 / elapsedS) * 100) / 100,
  };
}

/** Lets nodes finish work for a few seconds, many at a time, and counts what was applied. */
async function finishSome(
  house: CoreHouse,
  { store, signal, report }: { store: Store; signal: AbortSignal; report: (line: string) => void },
): Promise<number> {
  report('finishing work');
  const before = await counts(store);
  const startedAt = performance.now();
  const running = [...house.fleet.nodes.values()].flatMap((node) =>
    [...node.allocations.values()]
      .filter((allocation) => allocation.state === 'running')
      .map(({ offer }) => ({ node, id: offer.allocation })),
  );
  const workers = Array.from({ length: 500 }, async () => {
    for (let next = running.pop(); next; next = running.pop()) {
      signal.throwIfAborted();
      if (performance.now() - startedAt > finishMs) return;
      await house.fleet.finish(next.node, next.id, { outcome: 'ok', result: {} });
    }
  });
  await Promise.all(workers);
  const seconds = (performance.now() - startedAt) / 1_000;
  return Math.round(((await counts(store)).finished - before.finished) / seconds);
}

interface Counts {
  readonly placed: number;
  readonly running: number;
  readonly finished: number;
}

/** What has become of all tasks so far, from the books of their jobs. */
async function counts(store: Store): Promise<Counts> {
  const { rows } = await sql<Counts>`
    SELECT coalesce(sum(succeeded), 0)::int AS finished, coalesce(sum(running + succeeded), 0)::int AS running,
           coalesce(sum(placed + running + succeeded), 0)::int AS placed
    FROM (SELECT coalesce((counts->>'placed')::int, 0) AS placed, coalesce((counts->>'running')::int, 0) AS running,
                 coalesce((counts->>'succeeded')::int, 0) AS succeeded FROM job) j
  `.execute(store.db);
  return rows[0] ?? { placed: 0, running: 0, finished: 0 };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
