import { type LiveUpdate, newId, systemClock } from '@backlot/contract';
import type { FakeNode } from '@backlot/testkit/fake-fleet';
import { labWorkload } from '@backlot/testkit/lab-workload';
import { openTestCore, type TestCore } from '@backlot/testkit/test-core';
import pino from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createProgressBuffer, type ProgressBuffer } from './progress.ts';

let house: TestCore;
let node: FakeNode;
let projectId: string;
let told: { readonly update: LiveUpdate; readonly projectId: string | null }[];
let buffer: ProgressBuffer;

beforeAll(async () => {
  house = await openTestCore({ workloads: [labWorkload], random: () => 0 });
  node = await house.fleet.add({ name: `node-${newId()}`, cpu: 4 });
  house.core.placement.wake('node-changed');
  projectId = await house.project();
});
afterAll(() => house?.close());
beforeEach(() => {
  told = [];
  buffer = createProgressBuffer({
    relaxed: house.database.db,
    events: {
      append: () => Promise.reject(new Error('progress is never stored as an event')),
      wake: () => undefined,
      live: (update, project) => told.push({ update, projectId: project }),
    },
    clock: systemClock,
    log: pino({ level: 'silent' }),
  });
});

/** A task that runs on the node until it is told to end. */
async function runningTask() {
  const job = await house.core.jobs.submit({
    kind: 'lab.graph',
    projectId,
    name: 'lab',
    parameters: { tasks: [{ key: 'a', resources: { cpu: 0.1 } }] },
    actor: house.actor,
  });
  const task = () =>
    house.database.db.selectFrom('task').selectAll().where('job_id', '=', job.id).executeTakeFirstOrThrow();
  const { id } = await task();
  const { offer } = await house.until(
    async () =>
      [...node.allocations.values()].find(
        (allocation) => allocation.offer.task === id && allocation.state === 'running',
      ),
    'the task runs',
  );
  await house.until(async () => (await task()).state === 'running', 'the kernel knows');
  return { jobId: job.id, taskId: id, offer, stored: async () => (await task()).progress };
}

describe('progress', () => {
  it('is told to open pages with the job that it belongs to, the newest of each attempt alone', async () => {
    const { jobId, taskId, offer, stored } = await runningTask();
    for (const fraction of [0.1, 0.2, 0.3]) {
      buffer.add(node.id, {
        allocation: offer.allocation,
        fence: offer.fence,
        progress: { fraction, detail: { frame: 7 } },
      });
    }
    await buffer.flush();
    expect(told).toEqual([
      {
        update: {
          kind: 'task.progress',
          subject: { kind: 'task', id: taskId },
          body: { fraction: 0.3, detail: { frame: 7 }, jobId },
        },
        projectId,
      },
    ]);
    expect(await stored()).toEqual({ fraction: 0.3, detail: { frame: 7 } });

    await buffer.flush();
    expect(told).toHaveLength(1);
    await buffer.close();
  });

  it('of an older attempt, or of another node’s, is told to nobody', async () => {
    const { offer, stored } = await runningTask();
    const { allocation, fence } = offer;
    buffer.add(node.id, { allocation, fence: fence + 1, progress: { fraction: 0.9 } });
    await buffer.flush();
    buffer.add(newId(), { allocation, fence, progress: { fraction: 0.9 } });
    await buffer.flush();
    expect(told).toEqual([]);
    expect(await stored()).toBeNull();
    await buffer.close();
  });

  it('is written by itself, and not after the end', async () => {
    const { offer } = await runningTask();
    const { allocation, fence } = offer;
    buffer.add(node.id, { allocation, fence, progress: { fraction: 0.5 } });
    await house.until(async () => told.length === 1, 'the timer has written');
    await buffer.close();
    buffer.add(node.id, { allocation, fence, progress: { fraction: 0.6 } });
    await buffer.flush();
    expect(told).toHaveLength(1);
  });
});
