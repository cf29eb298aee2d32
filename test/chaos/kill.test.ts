import type { Artifact, NodeView } from '@backlot/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { all, artifactsOf, submit, taskOf, tasksOf, waitForJob } from '../system/jobs.ts';
import { processesOf } from '../system/processes.ts';
import { type Studio, startStudio } from '../system/studio.ts';
import { waitUntil } from '../system/wait-until.ts';
import { killAtRandom, type Victim } from './killer.ts';

/**
 * kill -9 of every part at random moments while a job of 60 parts runs. What must hold afterwards does not depend on
 * when the blows fall: every step's file is there exactly once and right, nothing is left over, nothing is still
 * booked. Few blows for each part alone, so that a failure says who can't bear them; `render-kill.test.ts` deals the
 * hundred. Their number is bounded (BACKLOT_CHAOS_BLOWS for more); a failure tells the seed and who fell when.
 */
const parts = 60;
const steps = 4;
const blows = Number(process.env.BACKLOT_CHAOS_BLOWS ?? 6);

let studio: Studio;
beforeAll(async () => {
  studio = await startStudio({ flavour: 'tiny' });
  await waitUntil('the node is ready to count', async () =>
    (await all<NodeView>(studio, '/api/v1/nodes')).some(
      (n) => n.state === 'ready' && n.capabilities.some((c) => c.name === 'tiny'),
    ),
  );
});
afterAll(async () => {
  const { leftovers } = await studio.close();
  expect(leftovers).toEqual([]);
});

async function expectWhole(jobId: string): Promise<void> {
  const artifacts = (await artifactsOf(studio, jobId)).filter((artifact) => artifact.kind === 'step');
  const names = artifacts.map((artifact) => artifact.name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBe(parts * steps);
  // The join has read every one of them from its bytes: a wrong or missing file would change the sum.
  const n = parts * steps;
  const [total] = (await artifactsOf(studio, jobId)).filter(
    (artifact: Artifact) => artifact.kind === 'total',
  );
  expect(total?.meta).toMatchObject({ total: (n * (n - 1)) / 2 });
}

async function expectNothingLeft(jobId: string): Promise<void> {
  await waitUntil('all that was booked is free again', async () => {
    const nodes = await all<NodeView>(studio, '/api/v1/nodes');
    return nodes.every(
      (node) => node.allocations.length === 0 && (node.used?.cpu ?? 0) < 1e-6 && node.used?.memory === 0,
    );
  });
  const allocations = (
    await Promise.all((await tasksOf(studio, jobId)).map((task) => taskOf(studio, task.id)))
  ).flatMap((task) => task.allocations);
  await waitUntil('no process of any attempt is left', () =>
    allocations.every((allocation) => processesOf(allocation.id).length === 0),
  );
  // One attempt of each task succeeded and no more: nothing ran twice to its end.
  const ok = allocations
    .filter((allocation) => allocation.outcome === 'ok')
    .map((allocation) => allocation.taskId);
  expect(new Set(ok).size).toBe(ok.length);
  expect(allocations.every((allocation) => allocation.state === 'ended')).toBe(true);
}

describe('a job of 60 parts', () => {
  it.each([
    ['the process', ['process']],
    ['the runner', ['runner']],
    ['the agent', ['agent']],
    ['the control plane', ['control']],
    ['PostgreSQL', ['postgres']],
    ['any of them', ['process', 'runner', 'agent', 'control', 'postgres']],
  ] as const)(
    `loses and repeats nothing when %s is killed ${blows} times`,
    async (_name, victims) => {
      const job = await submit(studio, 'tiny.count', { parts, steps, stepMs: 120, cpu: 0.5 });
      const killer = killAtRandom(studio, victims as readonly Victim[], {
        blows,
        seed: Date.now() % 100_000,
      });
      try {
        await waitForJob(studio, job.id, ['succeeded'], 400_000);
      } catch (error) {
        throw new Error(`${String(error)}\n${killer.story()}`, { cause: error });
      } finally {
        await killer.stop();
      }
      expect(killer.count(), killer.story()).toBeGreaterThan(0);
      await expectWhole(job.id);
      await expectNothingLeft(job.id);
    },
    600_000,
  );
});
