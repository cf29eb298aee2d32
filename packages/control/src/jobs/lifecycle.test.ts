import { openTestCore, type TestCore } from '@backlot/testkit/test-core';
import { tinyControl } from '@backlot/testkit/tiny/control';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let house: TestCore;
beforeAll(async () => {
  house = await openTestCore({
    workloads: [tinyControl],
    work: async (offer) => {
      if (offer.kind === 'tiny.split') return { outcome: 'ok', result: { parts: 3 } };
      if (offer.kind === 'tiny.part')
        return { outcome: 'ok', result: { sum: 1, attempt: 1 }, outputs: ['part.txt'] };
      return { outcome: 'ok', result: { total: 3, files: 3 } };
    },
  });
  await house.fleet.add({ capabilities: [{ name: 'tiny', features: ['count'] }] });
});
afterAll(() => house?.close());

describe('a job', () => {
  it('goes from its plan over its follow-ups to its end', async () => {
    const projectId = await house.project();
    const job = await house.core.jobs.submit({
      kind: 'tiny.count',
      projectId,
      name: 'count',
      parameters: { parts: 3 },
      actor: house.actor,
    });
    expect(job.state).toBe('waiting');
    const ended = await house.until(async () => {
      const now = await house.core.jobs.get(job.id);
      return now.endedAt !== null && now;
    }, 'the job ends');
    expect(ended).toMatchObject({ state: 'succeeded', counts: { succeeded: 5 } });
    const { rows } = await sql<{ cpu: number; n: number }>`
      SELECT sum(cpu_used) AS cpu, sum(memory_used)::int AS n FROM node_usage`.execute(house.database.db);
    expect(rows[0]).toEqual({ cpu: 0, n: 0 });
  });
});
