import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Artifact, FlowDetail, FlowRun, FlowRunDetail, NodeView, Project } from '@backlot/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { all, artifactsOf, taskOf } from '../system/jobs.ts';
import { processesOf } from '../system/processes.ts';
import { type Studio, startStudio } from '../system/studio.ts';
import { waitUntil } from '../system/wait-until.ts';
import { killAtRandom } from './killer.ts';

/**
 * Runs of a flow of six steps, each a real process on a real agent, while everything is killed. Whenever the blows fall:
 * every run ends, every step has been done once to its end, and every file is there exactly once.
 * BACKLOT_CHAOS=full deals them to two hundred runs, BACKLOT_CHAOS_RUNS to so many.
 */
const full = process.env.BACKLOT_CHAOS === 'full';
const runs = Number(process.env.BACKLOT_CHAOS_RUNS ?? (full ? 200 : 3));
/** Runs that everything is killed under, not only the processes of their steps. */
const mixed = full ? 40 : 4;
/** Side by side: more would only wait for each other on a small machine. */
const together = full ? 8 : 3;
const steps = ['one', 'two', 'three', 'four', 'five', 'six'];

const text = `version: 1
name: six steps
trigger: { kind: flow.manual }
steps:
${steps
  .map(
    (id, index) =>
      `  - { id: ${id}, kind: tiny.count-one, with: { index: ${index}, stepMs: 250 }${
        index === 0 ? '' : `, in: { before: ${steps[index - 1]}.number }`
      } }`,
  )
  .join('\n')}
`;

let studio: Studio;
let flow: FlowDetail;
beforeAll(async () => {
  studio = await startStudio({ flavour: 'tiny' });
  await waitUntil('the node is ready to count', async () =>
    (await all<NodeView>(studio, '/api/v1/nodes')).some(
      (n) => n.state === 'ready' && n.capabilities.some((c) => c.name === 'tiny'),
    ),
  );
  const [project] = await all<Project>(studio, '/api/v1/projects');
  flow = await studio.api<FlowDetail>('POST', '/api/v1/flows', { projectId: project?.id, text });
});
afterAll(async () => {
  const { leftovers } = await studio.close();
  expect(leftovers).toEqual([]);
});

/** Kills the process of every first attempt, as soon as it is seen. */
function killFirstAttempts(): { count(): number; stop(): Promise<void> } {
  let stopped = false;
  const killed = new Set<number>();
  const loop = (async () => {
    while (!stopped) {
      for (const { pid } of processesOf(studio.dataDir)) {
        try {
          if (!readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('tiny/process.ts')) continue;
          const part = JSON.parse(readFileSync(join(readlinkSync(`/proc/${pid}/cwd`), 'part.json'), 'utf8'));
          if ((part as { attempt: number }).attempt > 1) continue;
          process.kill(pid, 'SIGKILL');
          killed.add(pid);
        } catch {
          // It has just ended, or is not the process that runs in its work folder.
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return {
    count: () => killed.size,
    async stop() {
      stopped = true;
      await loop;
    },
  };
}

const start = (key: string) => studio.api<FlowRun>('POST', `/api/v1/flows/${flow.id}/runs`, { key });
const ended = (id: string) =>
  waitUntil(
    'the run ends',
    async () => {
      const run = await studio.api<FlowRunDetail>('GET', `/api/v1/flow-runs/${id}`).catch(() => undefined);
      return run !== undefined && run.endedAt !== null && run;
    },
    { limitMs: 300_000 },
  );

/** Starts again what an answer was lost of: the key makes it one run. */
async function surely(key: string): Promise<FlowRun> {
  return waitUntil('the run starts', () => start(key).catch(() => undefined), { limitMs: 120_000 });
}

/** A run is whole: its steps, its files and its attempts counted. @returns how many attempts it took */
async function expectWhole(run: FlowRunDetail): Promise<number> {
  let attempts = 0;
  expect(run.state, JSON.stringify(run.failure)).toBe('succeeded');
  expect(run.steps.map(({ key, state }) => `${key} ${state}`)).toEqual(steps.map((id) => `${id} succeeded`));
  const files = (await artifactsOf(studio, run.jobId)).filter(
    (artifact: Artifact) => artifact.kind === 'step',
  );
  expect(files.map(({ name }) => name).toSorted()).toEqual(
    steps.map((_, index) => `part-${index}/step-0.txt`),
  );
  for (const { task } of run.steps) {
    const { allocations } = await taskOf(studio, task?.id ?? '');
    expect(allocations.filter(({ outcome }) => outcome === 'ok')).toHaveLength(1);
    expect(allocations.every(({ state }) => state === 'ended')).toBe(true);
    attempts += allocations.length;
  }
  return attempts;
}

/** Nothing of what attempts had begun is left on the node: no work folder, no journal. */
const expectClean = () =>
  expect.poll(() => readdirSync(join(studio.dataDir, 'node/allocations')), { timeout: 60_000 }).toEqual([]);

/** Least, middle and most. */
function spread(figures: readonly number[]): string {
  const sorted = figures.toSorted((a, b) => a - b);
  return [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)].join('/');
}

describe('a flow of six steps', () => {
  it(
    `ends ${runs} times, each file published once, when the process of every step is killed`,
    async () => {
      const killer = killFirstAttempts();
      const left = Array.from({ length: runs }, (_, n) => `process ${n}`);
      const found: FlowRunDetail[] = [];
      try {
        await Promise.all(
          Array.from({ length: together }, async () => {
            for (let key = left.shift(); key !== undefined; key = left.shift()) {
              found.push(await ended((await surely(key)).id));
            }
          }),
        );
      } finally {
        await killer.stop();
      }
      expect(found).toHaveLength(runs);
      let attempts = 0;
      for (const run of found) attempts += await expectWhole(run);
      const took = found.map(({ startedAt, endedAt }) => Date.parse(endedAt ?? '') - Date.parse(startedAt));
      console.info(
        `${runs} runs, ${killer.count()} of ${runs * steps.length} steps killed, ${attempts} attempts; a run took ${spread(took)} ms`,
      );
      // A process may end in the moment in which it is looked for; nearly all of them did not get so far.
      expect(killer.count()).toBeGreaterThanOrEqual(Math.floor(runs * steps.length * 0.9));
      await expectClean();
    },
    full ? 3_600_000 : 600_000,
  );

  it(
    'ends when the control plane, the agent, the database, runners and processes are killed',
    async () => {
      const blows = full ? 60 : 6;
      const killer = killAtRandom(studio, ['control', 'process', 'runner', 'agent', 'postgres'], {
        blows,
        seed: Date.now() % 100_000,
      });
      try {
        const begun = await Promise.all(Array.from({ length: mixed }, (_, n) => surely(`any ${n}`)));
        for (const { id } of begun) await ended(id);
      } catch (error) {
        throw new Error(`${String(error)}\n${killer.story()}`, { cause: error });
      } finally {
        await killer.stop();
      }
      let attempts = 0;
      for (let n = 0; n < mixed; n += 1) {
        // The same key is the same run, whoever died when it was asked for first.
        attempts += await expectWhole(await ended((await surely(`any ${n}`)).id));
      }
      console.info(`${mixed} runs, ${killer.count()} blows, ${attempts} attempts\n${killer.story()}`);
      expect(killer.count(), killer.story()).toBeGreaterThan(0);
      await expectClean();
    },
    full ? 3_600_000 : 600_000,
  );
});
