import { openTestCore, type TestCore } from '@backlot/testkit/test-core';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { systemActor } from '../kernel.ts';
import { readTasks } from '../tasks/task-view.ts';
import type { ControlWorkload } from '../workload.ts';

const parameters = z.object({ word: z.string(), secrets: z.object({ ticket: z.string() }) });
const workload: ControlWorkload = {
  name: 'hush',
  taskKinds: { 'hush.task': { parameters, result: z.object({}) } },
  jobKinds: {
    'hush.job': {
      parameters,
      internal: true,
      plan: (input) => [{ key: 'one', kind: 'hush.task', parameters: input.parameters }],
    },
  },
};

let house: TestCore;
beforeEach(async () => {
  house = await openTestCore({ workloads: [workload] });
});
afterEach(() => house.close());

const submission = async () => ({
  kind: 'hush.job',
  projectId: await house.project(),
  name: 'hush',
  parameters: { word: 'hello', secrets: { ticket: 'the-very-secret-ticket' } },
});

it('refuses an internal kind of job from anybody but its workload, as if there were none', async () => {
  await expect(house.core.jobs.submit({ ...(await submission()), actor: house.actor })).rejects.toMatchObject(
    { code: 'unknown_job_kind' },
  );
});

it('shows secrets of parameters to nobody, and gives them to the node', async () => {
  const job = await house.core.jobs.submit({ ...(await submission()), actor: systemActor });
  expect(job.parameters).toEqual({ word: 'hello' });
  expect((await house.core.jobs.get(job.id)).parameters).toEqual({ word: 'hello' });
  const [task] = await readTasks(house.database.db, sql`t.job_id = ${job.id}`, 'asc', 1);
  expect(task?.parameters).toEqual({ word: 'hello' });
  const audit = await house.database.db.selectFrom('audit').selectAll().execute();
  expect(audit.length).toBeGreaterThan(0);
  expect(JSON.stringify(audit)).not.toContain('the-very-secret-ticket');
  const events = await house.database.db.selectFrom('event').select('body').execute();
  expect(JSON.stringify(events)).not.toContain('the-very-secret-ticket');
  const node = await house.fleet.add({});
  house.core.placement.wake('node-changed');
  const offer = await house.until(
    async () => [...node.allocations.values()][0]?.offer,
    'the node has the offer',
  );
  expect(offer.parameters).toEqual({ word: 'hello', secrets: { ticket: 'the-very-secret-ticket' } });
  await house.fleet.quiet();
});
