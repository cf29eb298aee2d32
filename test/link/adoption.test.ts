import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@backlot/contract/clock';
import { systemActor } from '@backlot/control/kernel';
import { allocationSteps } from '@backlot/node/allocations/facts';
import { nodeMark, nodeMarkOf } from '@backlot/node/processes/marks';
import { systemProcessTable } from '@backlot/node/processes/system-process-table';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type AgentProcess, startAgentProcess } from './agent-process.ts';
import { until } from './link-node.ts';
import { type Product, startProduct } from './product.ts';

let product: Product;
let dataDir: string;
let agent: AgentProcess | undefined;

beforeAll(async () => {
  product = await startProduct();
  // One node through all of it, as in life: the agent is another one each time.
  dataDir = await mkdtemp(join(tmpdir(), 'backlot-victim-'));
});
afterAll(async () => {
  await product.close();
  await rm(dataDir, { recursive: true, force: true });
});
afterEach(() => agent?.end());

async function start(dieBefore?: (typeof allocationSteps)[number]) {
  agent = await startAgentProcess({
    url: product.control.url,
    dataDir,
    joinToken: await product.control.localJoinToken(),
    ...(dieBefore ? { dieBefore } : {}),
  });
  return agent;
}

/** How often each task of a job was attempted, and how often each of its outputs was committed. */
async function account(job: string) {
  const { rows } = await sql<{ key: string; attempts: number; outcomes: string[]; why: unknown }>`
    SELECT t.key, count(a.id)::int AS attempts, array_agg(a.outcome) AS outcomes,
      jsonb_agg(coalesce(a.failure #> '{reason,message}', a.reason -> 'message')) AS why
    FROM (SELECT id, key, job_id FROM task UNION ALL SELECT id, key, job_id FROM task_history) t
    LEFT JOIN (
      SELECT id, task_id, outcome, failure, reason FROM allocation
      UNION ALL SELECT id, task_id, outcome, failure, reason FROM allocation_history
    ) a ON a.task_id = t.id
    WHERE t.job_id = ${job} GROUP BY t.key
  `.execute(product.database.db);
  const artifacts = await product.database.db
    .selectFrom('artifact')
    .select(['name', 'task_id'])
    .where('job_id', '=', job)
    .execute();
  return { tasks: rows, artifacts: artifacts.map(({ name }) => name) };
}

const table = systemProcessTable();
/** What this node has started. */
const processesHere = async () => table.withMark(await table.list(), nodeMark, nodeMarkOf(dataDir));

/** Ends the agent with everything; nothing that it ever started may be left. */
async function expectNothingLeft(): Promise<void> {
  await agent?.end();
  await until('no process of the node is left', async () =>
    (await processesHere()).every(({ state }) => state === 'zombie'),
  );
}

const allocationsHere = async () => (await readdir(join(dataDir, 'allocations'))).length;

describe('an agent killed by -9', { timeout: 240_000 }, () => {
  it.each(allocationSteps)('right before %s: the next one goes on with the same attempt', async (step) => {
    const victim = await start(step);
    const job = await product.submit({ parts: 2, steps: 3, stepMs: 150 });
    await victim.ended;
    await start();
    expect(await product.ended(job, 200_000)).toBe('succeeded');

    const { tasks, artifacts } = await account(job);
    expect(tasks.map(({ key, attempts, outcomes }) => [key, attempts, outcomes])).toEqual(
      tasks.map(({ key }) => [key, 1, ['ok']]),
    );
    expect(tasks.length).toBe(4);
    expect(artifacts.length).toBe(7);
    expect(new Set(artifacts).size).toBe(7);
    await until('nothing of it is left on the node', async () => (await allocationsHere()) === 0);
    await expectNothingLeft();
  });

  it('again and again, at any moment: everything is done once and nothing is left', async () => {
    let now = await start();
    const job = await product.submit({ parts: 4, steps: 30, stepMs: 250 });
    await until('the parts run', async () => (await allocationsHere()) === 4, 120_000);
    for (let kill = 0; kill < 10; kill += 1) {
      await systemClock.sleep(100 + Math.random() * 500);
      now.kill('SIGKILL');
      await now.ended;
      now = await start();
    }
    expect(await product.ended(job, 200_000)).toBe('succeeded');
    const { tasks, artifacts } = await account(job);
    expect(tasks.filter(({ attempts }) => attempts !== 1)).toEqual([]);
    expect(artifacts.length).toBe(121);
    expect(new Set(artifacts).size).toBe(121);
    await expectNothingLeft();
  });

  it('asked to end with its work, whose runners do not listen: no process of it is left', async () => {
    await start();
    const job = await product.submit({ parts: 2, steps: 900, stepMs: 100 });
    // Runners with what they run; one that waits for work ends by itself.
    const working = async () => {
      const all = await processesHere();
      return all.filter(({ pid, parent }) =>
        all.some((other) => other.parent === pid || other.pid === parent),
      );
    };
    await until('both parts run', async () => (await working()).length >= 4, 60_000);
    // As on a machine that is too busy for them: nothing that they are told is done.
    for (const entry of await working()) await table.signal(entry, 'SIGSTOP');
    await expectNothingLeft();
    await start();
    await product.control.kernel.jobs.setIntent(job, 'cancel', systemActor);
    await product.ended(job, 200_000);
    await expectNothingLeft();
  });

  it('asked to end with its work: no process of it is left', async () => {
    await start();
    const job = await product.submit({ parts: 2, steps: 400, stepMs: 100 });
    await until('it runs', async () => (await allocationsHere()) === 2, 60_000);
    await expectNothingLeft();
    await product.control.kernel.jobs.setIntent(job, 'cancel', systemActor);
    // A slow machine has no time to report it; then it ends when the control plane gives the node up, two minutes later.
    await product.ended(job, 200_000);
  });
});
