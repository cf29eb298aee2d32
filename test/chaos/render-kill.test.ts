import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodeView } from '@backlot/contract';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { all, artifactsOf, taskOf, tasksOf, waitForJob } from '../system/jobs.ts';
import { processesOf } from '../system/processes.ts';
import { makeAnimatedBlend, type RenderView, submitRender } from '../system/renders.ts';
import { type Studio, startStudio } from '../system/studio.ts';
import { waitUntil } from '../system/wait-until.ts';
import { killAtRandom } from './killer.ts';

/**
 * A film of 60 frames by a real Blender, while Blender, its runner, the agent, the control plane and PostgreSQL are
 * killed with SIGKILL twenty times each. Jobs follow one another until all blows have fallen.
 */
const frames = 60;
const blows = 5 * Number(process.env.BACKLOT_CHAOS_BLOWS ?? 20);

let studio: Studio;
let scratch: string;
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'backlot-scene-'));
  makeAnimatedBlend(join(scratch, 'turning.blend'), frames);
  studio = await startStudio();
  await waitUntil('the node has proved Blender', async () =>
    (await all<NodeView>(studio, '/api/v1/nodes')).some((node) =>
      node.capabilities.some((c) => c.name === 'blender'),
    ),
  );
});
afterAll(async () => {
  const { leftovers } = await studio.close();
  rmSync(scratch, { recursive: true, force: true });
  expect(leftovers).toEqual([]);
});

it(`gives every frame exactly once when Blender, runner, agent, control and PostgreSQL are killed ${blows} times`, async () => {
  let left = blows;
  for (let round = 1; left > 0; round += 1) {
    expect(round, 'blows fall too seldom').toBeLessThan(12);
    const render = await submitRender(
      studio,
      join(scratch, 'turning.blend'),
      { subject: { kind: 'animation' }, width: 160, height: 120, samples: 12, denoise: 'off' },
      `round ${round}`,
    );
    const killer = killAtRandom(studio, ['process', 'runner', 'agent', 'control', 'postgres'], {
      blows: left,
      seed: Date.now() % 100_000,
      workName: /blender.*--factory-startup/,
    });
    try {
      await waitForJob(studio, render.job.id, ['succeeded'], 900_000);
    } catch (error) {
      throw new Error(`${String(error)}\n${killer.story()}`, { cause: error });
    } finally {
      await killer.stop();
    }
    left -= killer.count();

    const artifacts = (await artifactsOf(studio, render.job.id)).filter(
      (artifact) => artifact.kind === 'frame',
    );
    const numbers = artifacts.map((artifact) => Number(artifact.meta.frame)).sort((a, b) => a - b);
    expect(numbers, killer.story()).toEqual(Array.from({ length: frames }, (_, i) => i + 1));
    // The bytes are those that were promised, and no frame stands in for another.
    const digests = await Promise.all(
      artifacts.map(async (artifact) => {
        const bytes = Buffer.from(
          await (await studio.fetch(`/api/v1/artifacts/${artifact.id}/content`)).arrayBuffer(),
        );
        expect(createHash('sha256').update(bytes).digest('hex')).toBe(artifact.digest);
        return artifact.digest;
      }),
    );
    expect(new Set(digests).size).toBe(frames);
    const view = await studio.api<RenderView>('GET', `/api/v1/renders/${render.job.id}`);
    expect(view.frames.every((cell) => cell.state === 'done')).toBe(true);
    expect(view.film?.meta).toMatchObject({ frames });

    const tasks = await Promise.all(
      (await tasksOf(studio, render.job.id)).map((task) => taskOf(studio, task.id)),
    );
    for (const task of tasks) expect(task.allocations.filter((a) => a.outcome === 'ok').length).toBe(1);
    await waitUntil('no process of any attempt is left', () =>
      tasks
        .flatMap((task) => task.allocations)
        .every((allocation) => processesOf(allocation.id).length === 0),
    );
    await waitUntil('all that was booked is free again', async () =>
      (await all<NodeView>(studio, '/api/v1/nodes')).every(
        (node) => node.allocations.length === 0 && (node.used?.cpu ?? 0) < 1e-6 && node.used?.memory === 0,
      ),
    );
  }
}, 1_800_000);
