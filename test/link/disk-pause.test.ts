import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createControl } from '@backlot/control';
import { systemActor } from '@backlot/control/kernel';
import { type Agent, createAgent } from '@backlot/node/agent/agent';
import type { NodeWorkload } from '@backlot/node/workload';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { type LabJob, labWorkload } from '@backlot/testkit/lab-workload';
import { mountSmallDisk } from '@backlot/testkit/small-disk';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { until } from './link-node.ts';
import { log } from './product.ts';

/**
 * Real processes that write on a small disk of their own, under a real agent and control plane: what can wait stands still
 * while the disk is nearly full, and goes on where it stopped.
 */
const MB = 1e6;
const disk = mountSmallDisk(512);
if ('why' in disk) console.log(`Skipped: ${disk.why}.`);

/** Writes a line every 20 ms, until it is told to end or has written enough. */
const writer = `
  const { appendFileSync } = require('node:fs');
  let lines = 0;
  const timer = setInterval(() => {
    appendFileSync('written', 'a line\\n');
    if ((lines += 1) === Number(process.argv[1])) clearInterval(timer);
  }, 20);`;
const Parameters = z.object({ lines: z.number().default(0) });
const writers: NodeWorkload = {
  name: 'lab',
  executors: {
    'lab.task': {
      parameters: Parameters,
      prepare: async ({ parameters }: { parameters: z.output<typeof Parameters> }) => ({
        argv: [process.execPath, '-e', writer, String(parameters.lines)],
      }),
      conclude: async () => ({ outcome: 'ok', outputs: [], result: {} }),
    } as NodeWorkload['executors'][string],
  },
};

describe.runIf('folder' in disk)('work on a node whose disk is nearly full', { timeout: 120_000 }, () => {
  const small = disk as Exclude<typeof disk, { readonly why: string }>;
  let database: TestDatabase;
  let control: Awaited<ReturnType<typeof createControl>>;
  let agent: Agent;
  let projectId: string;
  let controlDir: string;

  const startAgent = async () => {
    agent = await createAgent({
      controlUrl: control.url,
      joinToken: await control.localJoinToken(),
      dataDir: small.folder,
      name: 'studio',
      workloads: [writers],
      log,
    });
    await agent.ready;
  };
  beforeAll(async () => {
    database = await createTestDatabase();
    controlDir = await mkdtemp(join(tmpdir(), 'backlot-disk-pause-'));
    control = await createControl({
      config: {
        host: '127.0.0.1',
        port: 0,
        dataDir: controlDir,
        adminToken: 'the-administration-token-here',
      },
      database: database.address,
      workloads: [labWorkload],
      log,
      nodeSettings: { heartbeatMs: 300, leaseMs: 3_000 },
    });
    const project = await control.kernel.db.selectFrom('project').select('id').executeTakeFirst();
    projectId = project?.id ?? crypto.randomUUID();
    if (!project)
      await control.kernel.db
        .insertInto('project')
        .values({ id: projectId, slug: 'test', name: 'Test' })
        .execute();
    await startAgent();
  }, 120_000);
  // One that has failed leaves its work, and a full disk, to nobody.
  afterEach(async () => {
    await rm(join(small.folder, 'foreign'), { force: true });
    const open = await control.kernel.db
      .selectFrom('job')
      .select('id')
      .where('state', 'not in', ['succeeded', 'failed', 'canceled'])
      .execute();
    for (const { id } of open) await control.kernel.jobs.setIntent(id, 'cancel', systemActor);
  });
  afterAll(async () => {
    await agent?.close({ work: 'end', graceMs: 3_000 });
    await control?.close({ graceMs: 500 });
    await database?.close();
    if ('unmount' in disk) disk.unmount();
    if (controlDir) await rm(controlDir, { recursive: true, force: true });
  }, 180_000);

  const submit = (tasks: LabJob['tasks']) =>
    control.kernel.jobs.submit({
      kind: 'lab.graph',
      projectId,
      name: 'writers',
      parameters: { tasks },
      actor: systemActor,
    });
  const task = (key: string, rest: Record<string, unknown>, megabytes: number) => ({
    key,
    // Of silence, seconds that it stands still must not count.
    limits: { stopGraceMs: 500, silenceMs: 60_000, wallMs: 60_000 },
    resources: { cpu: 0.1, memory: 64 * MB, disk: megabytes * MB },
    ...rest,
  });
  const rowOf = (job: string, key: string) =>
    control.kernel.db
      .selectFrom('task')
      .leftJoin('allocation', 'allocation.task_id', 'task.id')
      .select(['task.state', 'task.wait', 'task.failure', 'allocation.id as allocation', 'allocation.fence'])
      .where('task.job_id', '=', job)
      .where('task.key', '=', key)
      .orderBy('allocation.fence', 'desc')
      .executeTakeFirstOrThrow();
  const is = (job: string, key: string, state: string) =>
    until(`${key} is ${state}`, async () => (await rowOf(job, key)).state === state, 30_000);
  const bytesOf = async (job: string, key: string) => {
    const { allocation } = await rowOf(job, key);
    const path = join(small.folder, 'allocations', allocation ?? '', 'work', 'written');
    return existsSync(path) ? statSync(path).size : 0;
  };
  const writes = async (job: string, key: string) => {
    const before = await bytesOf(job, key);
    await until(`${key} writes`, async () => (await bytesOf(job, key)) > before + 50, 30_000);
  };
  const stands = async (job: string, key: string) => {
    const before = await bytesOf(job, key);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(await bytesOf(job, key)).toBe(before);
    expect(before).toBeGreaterThan(0);
  };
  const low = () => small.fill('foreign', 32 * MB);
  const roomy = () => rm(join(small.folder, 'foreign'));
  const send = async (word: 'freeze' | 'thaw', job: string, key: string) => {
    const { allocation, fence } = await rowOf(job, key);
    control.kernel.nodes.send(agent.nodeId, word, { allocation: allocation ?? '', fence: fence ?? 0 });
  };
  const begin = async (tasks: LabJob['tasks']) => {
    const { id } = await submit(tasks);
    for (const { key } of tasks as { key: string }[]) {
      await is(id, key, 'running');
      await writes(id, key);
    }
    return id;
  };

  it('stands still and goes on where it stopped; what is live, and what makes room, is not touched', async () => {
    const job = await begin([
      task('batch', { class: 'batch', parameters: { lines: 400 } }, 20),
      task('upload', { class: 'batch' }, 0),
      task('live', { class: 'live' }, 20),
    ]);
    await low();
    await is(job, 'batch', 'frozen');
    await stands(job, 'batch');
    expect((await rowOf(job, 'batch')).wait).toMatchObject({ code: 'pause.disk' });
    // Its cores are free, and yet nobody gives them to it: it can't use them.
    const { db } = control.kernel;
    const givesItsCoresBack = () =>
      until(
        'the cores of what stands still are free',
        async () => {
          const held = await db.selectFrom('allocation').select(['state', 'cpu_held']).execute();
          return held.some(({ state, cpu_held }) => state === 'frozen' && !cpu_held);
        },
        30_000,
      );
    await givesItsCoresBack();
    // Told to go on by somebody who did not know yet, it says again that it can't.
    await db.updateTable('allocation').set({ cpu_held: true }).where('state', '=', 'frozen').execute();
    await db
      .updateTable('node_usage')
      .set((e) => ({ cpu_used: e('cpu_used', '+', 0.1) }))
      .execute();
    await send('thaw', job, 'batch');
    await givesItsCoresBack();
    await stands(job, 'batch');
    for (const key of ['upload', 'live']) {
      await writes(job, key);
      expect((await rowOf(job, key)).state).toBe('running');
    }

    const stopped = await bytesOf(job, 'batch');
    await roomy();
    await is(job, 'batch', 'running');
    expect((await rowOf(job, 'batch')).wait).toBeNull();
    await writes(job, 'batch');
    expect(await bytesOf(job, 'batch')).toBeGreaterThan(stopped);
    await is(job, 'batch', 'succeeded');
    await control.kernel.jobs.setIntent(job, 'cancel', systemActor);
    await is(job, 'live', 'canceled');
  });

  it('stands still for as long as the disk or the control plane wants it', async () => {
    const job = await begin([task('batch', { class: 'batch' }, 20)]);
    await low();
    await is(job, 'batch', 'frozen');
    await send('freeze', job, 'batch');
    await send('thaw', job, 'batch');
    await stands(job, 'batch');
    expect((await rowOf(job, 'batch')).state).toBe('frozen');
    await roomy();
    await is(job, 'batch', 'running');
    await writes(job, 'batch');

    // Frozen by both, it is the control plane's alone when there is room, and that has no reason to keep it so.
    await low();
    await is(job, 'batch', 'frozen');
    await send('freeze', job, 'batch');
    await roomy();
    await is(job, 'batch', 'running');
    await writes(job, 'batch');

    await control.kernel.jobs.setIntent(job, 'cancel', systemActor);
    await is(job, 'batch', 'canceled');
  });

  it('is ended when it is canceled meanwhile, and nothing of it is left', async () => {
    const job = await begin([task('batch', { class: 'batch' }, 20)]);
    await low();
    await is(job, 'batch', 'frozen');
    await control.kernel.jobs.setIntent(job, 'cancel', systemActor);
    await is(job, 'batch', 'canceled');
    await until(
      'its folder is gone',
      () => readdirSync(join(small.folder, 'allocations')).length === 0,
      30_000,
    );
    await roomy();
  });

  it('is adopted by the next agent as it stands, and goes on when that one sees that there is room', async () => {
    const job = await begin([task('batch', { class: 'batch', parameters: { lines: 600 } }, 20)]);
    await low();
    await is(job, 'batch', 'frozen');
    await agent.close({ work: 'keep' });
    await stands(job, 'batch');
    await startAgent();
    await stands(job, 'batch');
    await agent.close({ work: 'keep' });
    await roomy();
    await stands(job, 'batch');
    await startAgent();
    await is(job, 'batch', 'succeeded');
  });
});
