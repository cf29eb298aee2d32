import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Artifact, FlowDetail, FlowRun, FlowRunDetail, NodeView, Project } from '@backlot/contract';
import { ApiClient } from '@backlot/sdk';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { all, artifactsOf, taskOf } from '../system/jobs.ts';
import { processesOf } from '../system/processes.ts';
import { type Studio, startStudio } from '../system/studio.ts';
import { waitUntil } from '../system/wait-until.ts';

/**
 * A film through six real steps, of which each is killed twice, once the program and once what it has started: what comes out
 * is what was asked for, each film once, and its copy is whole. Some of these steps fail for good after two attempts, and a
 * third transcode would be a mere remux: being killed from outside must not count. BACKLOT_CHAOS=full does it five times.
 */
const full = process.env.BACKLOT_CHAOS === 'full';
const runs = full ? 5 : 1;
/** Attempts of each step that are struck. */
const struck = 2;
const able = spawnSync('ffmpeg', ['-version']).status === 0 && process.platform === 'linux';
const steps = ['whole', 'check', 'small', 'still', 'upload', 'verify'] as const;
const definition = (index: number) => ({
  version: 1,
  name: `six steps ${index}`,
  trigger: { kind: 'flow.manual' },
  steps: [
    { id: 'whole', kind: 'transcodes.remux', with: { container: 'mkv' }, in: { film: 'trigger.file' } },
    { id: 'check', kind: 'transcodes.probe', with: { audio: true }, in: { film: 'whole.film' } },
    {
      id: 'small',
      kind: 'transcodes.transcode',
      with: { settings: { rate: { mode: 'crf', quality: 30 }, width: 160, preset: 'veryfast' } },
      in: { film: 'check.film' },
    },
    { id: 'still', kind: 'transcodes.thumbnail', in: { film: 'small.film' } },
    {
      id: 'upload',
      kind: 'deliveries.upload',
      with: { target: 'vault', path: `film-${index}.mp4` },
      in: { file: 'small.film' },
      after: ['still'],
    },
    { id: 'verify', kind: 'deliveries.verify', in: { file: 'small.film', copy: 'upload.copy' } },
  ],
});

let studio: Studio;
let folder: string;
let projectId: string;
let film: string;
beforeAll(async () => {
  if (!able) return;
  folder = await mkdtemp(join(tmpdir(), 'backlot-film-flow-'));
  const vault = join(folder, 'vault');
  const source = join(folder, 'film.mp4');
  const made = spawnSync('ffmpeg', [
    ...['-nostdin', '-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=25:duration=20'],
    ...['-f', 'lavfi', '-i', 'sine=frequency=440:duration=20', '-c:v', 'libx264', '-preset', 'ultrafast'],
    ...['-c:a', 'aac', source],
  ]);
  expect(made.status).toBe(0);
  await mkdir(vault);
  studio = await startStudio({ env: { BACKLOT_DELIVERY_FOLDERS: vault } });
  await waitUntil('the node has proved ffmpeg', async () =>
    (await all<NodeView>(studio, '/api/v1/nodes')).some(
      ({ state, capabilities }) => state === 'ready' && capabilities.some(({ name }) => name === 'ffmpeg'),
    ),
  );
  projectId = (await all<Project>(studio, '/api/v1/projects'))[0]?.id ?? '';
  // So slow that a blow finds it at work.
  await studio.api('POST', '/api/v1/delivery-targets', {
    projectId,
    name: 'vault',
    kind: 'folder',
    settings: { path: vault },
    limits: { bytesPerSecond: 200_000 },
  });
  const api = new ApiClient({ baseUrl: studio.url, token: studio.token });
  const bytes = new Blob([new Uint8Array(await readFile(source))]);
  film = (await api.artifacts.upload(bytes, { projectId, name: 'film.mp4' })).artifact.id;
}, 300_000);
afterAll(async () => {
  const ended = await studio?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
  expect(ended?.leftovers ?? []).toEqual([]);
});

/** What an allocation runs, its newest process first, without the runner that watches over it. */
function workOf(): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const { pid } of processesOf(studio.dataDir).toSorted((a, b) => b.pid - a.pid)) {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
      const id = /(?:^|\0)BACKLOT_ALLOCATION=([^\0]+)/.exec(environment)?.[1];
      if (id === undefined || /(^|\0)BACKLOT_(RUNNER|COMMAND)=/.test(environment)) continue;
      found.set(id, [...(found.get(id) ?? []), pid]);
    } catch {
      // It has just ended.
    }
  }
  return found;
}

/**
 * Steps run one behind the other: the first attempts of each are struck as soon as they are seen, the next one is left alone.
 * Every other blow falls on the program that the node has started, the others on the newest process below it.
 */
function strikeFirstAttempts(): { count(): number; stop(): Promise<void> } {
  const seen = new Set<string>();
  /** Blows that the step in work has had. */
  let suffered = 0;
  let blows = 0;
  let stopped = false;
  const loop = (async () => {
    while (!stopped) {
      for (const [id, pids] of workOf()) {
        if (seen.has(id)) continue;
        seen.add(id);
        const pid = blows % 2 === 0 ? pids.at(-1) : pids[0];
        if (suffered < struck && pid !== undefined) {
          try {
            process.kill(pid, 'SIGKILL');
            blows += 1;
            suffered += 1;
            continue;
          } catch {
            // It has ended by itself: its step is done, and the next one is struck.
          }
        }
        suffered = 0;
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  return {
    count: () => blows,
    async stop() {
      stopped = true;
      await loop;
    },
  };
}

it.skipIf(!able)(
  `a film through six steps comes out as it was asked for, ${runs} times, when each step is killed twice`,
  async () => {
    const killer = strikeFirstAttempts();
    let attempts = 0;
    try {
      for (let index = 0; index < runs; index += 1) {
        const flow = await studio.api<FlowDetail>('POST', '/api/v1/flows', {
          projectId,
          definition: definition(index),
        });
        const started = await studio.api<FlowRun>('POST', `/api/v1/flows/${flow.id}/runs`, {
          artifacts: { file: [film] },
        });
        const run = await waitUntil(
          'the run ends',
          async () => {
            const now = await studio.api<FlowRunDetail>('GET', `/api/v1/flow-runs/${started.id}`);
            return now.endedAt !== null && now;
          },
          { limitMs: 240_000 },
        );
        expect(run.state, JSON.stringify(run.failure)).toBe('succeeded');
        expect(run.steps.map(({ key, state }) => `${key} ${state}`)).toEqual(
          steps.map((id) => `${id} succeeded`),
        );
        for (const { key, task } of run.steps) {
          const { allocations, result } = await taskOf(studio, task?.id ?? '');
          attempts += allocations.length;
          expect(
            allocations.filter(({ outcome }) => outcome === 'ok'),
            key,
          ).toHaveLength(1);
          // Being killed is not failing: nothing less was done because of it.
          if (key === 'small') expect(result).toMatchObject({ how: 'asked', encoder: 'libx264' });
        }
        const films = await artifactsOf(studio, run.jobId);
        expect(films.map(({ kind }: Artifact) => kind).toSorted()).toEqual(['film', 'film', 'thumbnail']);
      }
    } finally {
      await killer.stop();
    }
    // One copy of each, under its own name, and no part of one.
    expect((await readdir(join(folder, 'vault'))).toSorted()).toEqual(
      Array.from({ length: runs }, (_, index) => `film-${index}.mp4`).toSorted(),
    );
    console.info(`${runs} runs of six steps: ${killer.count()} blows, ${attempts} attempts`);
    expect(killer.count()).toBeGreaterThanOrEqual(Math.floor(runs * steps.length * struck * 0.6));
    await expect
      .poll(() => readdirSync(join(studio.dataDir, 'node/allocations')), { timeout: 60_000 })
      .toEqual([]);
  },
  full ? 1_800_000 : 300_000,
);
