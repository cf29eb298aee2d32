import type { FakeAllocation, FakeFleet, FakeNode } from '@backlot/testkit/fake-fleet';
import { type LabJob, labFailure, labWorkload } from '@backlot/testkit/lab-workload';
import { openTestCore, type TestCore } from '@backlot/testkit/test-core';
import { sql } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';

/** A small generator with a seed, so that a run that fails can be repeated. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

let house: TestCore | undefined;
afterEach(async () => {
  await house?.close();
  house = undefined;
});

/** A fleet whose messages come twice, late, and in any order across allocations. */
function unruly(fleet: FakeFleet, random: () => number): void {
  const deliver = fleet.deliver.bind(fleet);
  fleet.deliver = async (node, allocation, report) => {
    if (random() < 0.3) await pause(random() * 20);
    const first = deliver(node, allocation, report);
    if (random() < 0.4) void deliver(node, shadow(allocation), report).catch(() => undefined);
    return first;
  };
}

/** A repetition must not touch what the node remembers. */
const shadow = (allocation: FakeAllocation): FakeAllocation => ({ ...allocation, verdicts: [] });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function loseAndReturn(core: TestCore, node: FakeNode, random: () => number): Promise<void> {
  const change = (state: 'unreachable' | 'lost' | 'ready') =>
    core.database.store.transaction(async (tx) => {
      await tx
        .updateTable('node')
        .set({
          state,
          unreachable_since: state === 'unreachable' ? sql<Date>`now()` : null,
          ...(state === 'ready' ? { epoch: sql<number>`epoch + 1` } : {}),
        })
        .where('id', '=', node.id)
        .execute();
      if (state === 'unreachable') await core.core.reports.unreachable(tx, node.id);
      if (state === 'lost') await core.core.reports.lost(tx, node.id);
    });
  node.connected = false;
  await change('unreachable');
  await pause(random() * 40);
  await change('lost');
  await pause(random() * 40);
  await change('ready');
  node.connected = true;
  core.core.placement.wake('node-changed');
}

describe('a job under fire', () => {
  it.each([1, 2, 3])('has every output exactly once, and nothing is left behind (seed %i)', async (seed) => {
    const random = seeded(seed);
    const tasks = 60;
    const failed = new Map<string, number>();
    const core = await openTestCore({
      workloads: [labWorkload],
      random,
      work: async (offer) => {
        await pause(random() * 15);
        const key = String(offer.parameters.name);
        const before = failed.get(key) ?? 0;
        if (before < 2 && random() < 0.15) {
          failed.set(key, before + 1);
          // A signature of its own: random blows are no property of the job.
          return { outcome: 'failed', failure: labFailure('crash', `${key}-${before}`) };
        }
        return { outcome: 'ok', outputs: [`${key}.png`] };
      },
    });
    house = core;
    unruly(core.fleet, random);
    const nodes = await core.fleet.addMany(Array.from({ length: 5 }, () => ({ cpu: 3 })));
    core.core.placement.wake('node-changed');
    const parameters: LabJob = {
      tasks: Array.from({ length: tasks }, (_, n) => ({
        key: `f${n}`,
        parameters: { name: `f${n}` },
        resources: { cpu: 1 },
        retry: { maxAttempts: 5, backoffMs: 5, maxBackoffMs: 20 },
        ...(n >= 40 ? { needs: [`f${n - 40}`, `f${n - 20}`] } : {}),
      })),
    };
    const job = await core.core.jobs.submit({
      kind: 'lab.graph',
      projectId: await core.project(),
      name: 'under fire',
      parameters,
      actor: core.actor,
    });

    let blows = 0;
    const end = Date.now() + 45_000;
    while ((await core.core.jobs.get(job.id)).endedAt === null) {
      if (Date.now() > end) throw new Error('The job does not end.');
      await pause(20 + random() * 60);
      if (blows >= 20) continue;
      blows += 1;
      const node = nodes[Math.floor(random() * nodes.length)];
      if (random() < 0.4) await core.restart();
      else if (node) await loseAndReturn(core, node, random);
    }
    await core.fleet.quiet();

    const done = await core.core.jobs.get(job.id);
    expect(done).toMatchObject({ state: 'succeeded', counts: { succeeded: tasks } });
    const { db } = core.database;
    const outputs = await db.selectFrom('artifact').select('name').where('job_id', '=', job.id).execute();
    expect(outputs.map((output) => output.name).sort()).toEqual(
      Array.from({ length: tasks }, (_, n) => `f${n}.png`).sort(),
    );
    const open = await db.selectFrom('allocation').select('id').where('state', '<>', 'ended').execute();
    expect(open).toEqual([]);
    const ok = await db.selectFrom('allocation').select('task_id').where('outcome', '=', 'ok').execute();
    expect(new Set(ok.map((row) => row.task_id)).size).toBe(tasks);
    expect(ok).toHaveLength(tasks);
    const usage = await db.selectFrom('node_usage').select(['cpu_used', 'memory_used']).execute();
    expect(usage).toEqual(nodes.map(() => ({ cpu_used: 0, memory_used: 0 })));
    const { rows } = await sql<{ key: string; n: number }>`
      SELECT subject_id AS key, count(*)::int AS n FROM event
      WHERE kind = 'task.ended' GROUP BY subject_id HAVING count(*) <> 1
    `.execute(db);
    expect(rows).toEqual([]);
    // A fence is given once, and grows with every attempt of a task.
    const fences = await db
      .selectFrom('allocation')
      .select(['task_id', 'fence', 'id'])
      .orderBy('id')
      .execute();
    expect(new Set(fences.map((row) => row.fence)).size).toBe(fences.length);
  });
});
