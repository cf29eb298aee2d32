import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NodeView, newId, Page, Project, type TaskDetail } from '@backlot/contract';
import { type Control, createControl } from '@backlot/control';
import { systemActor } from '@backlot/control/kernel';
import type { ControlWorkload } from '@backlot/control/workload';
import { type Agent, createAgent } from '@backlot/node/agent/agent';
import { Render, type RenderSettingsInput } from '@backlot/renders/contract';
import { rendersControl } from '@backlot/renders/control';
import { rendersNode } from '@backlot/renders/node';
import { ApiClient } from '@backlot/sdk';
import {
  DEMO_PROGRAM,
  INSTANCE_JOB,
  INSTANCE_TASK,
  InstanceParameters,
  type InstanceParametersInput,
  InstanceResult,
} from '@backlot/streams/contract';
import { streamsNode } from '@backlot/streams/node';
import { type HeadlessPlayer, joinHeadless } from '@backlot/streams/testing/headless-player';
import { openSmallSignalling, type SmallSignalling } from '@backlot/streams/testing/small-signalling';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { cheapPasswords } from '@backlot/testkit/test-front';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { processesOf } from '../system/processes.ts';
import { makeAnimatedBlend } from '../system/renders.ts';
import { waitUntil } from '../system/wait-until.ts';

/**
 * One machine, two masters: a real Blender renders on all of its cores when an application that somebody watches needs
 * some of them. What is asked for is placed by the kernel, run by the real executor, and played over real WebRTC; who
 * asks is the test, so that nothing but the two masters is in it.
 */
const settings = {
  subject: { kind: 'still' },
  width: 320,
  height: 240,
  samples: 320,
  denoise: 'off',
} as const satisfies RenderSettingsInput;
const patience = { timeout: 60_000, interval: 50 };

let amounts: { cpu: number; memory: number };
/** The only thing about instances that this test does itself: which amounts one takes. */
const askForInstances: ControlWorkload = {
  name: 'streams',
  taskKinds: { [INSTANCE_TASK]: { parameters: InstanceParameters, result: InstanceResult } },
  jobKinds: {
    [INSTANCE_JOB]: {
      parameters: InstanceParameters,
      plan: ({ parameters }) => [
        {
          key: 'instance',
          kind: INSTANCE_TASK,
          class: 'interactive',
          parameters,
          resources: amounts,
          retry: { maxAttempts: 1 },
        },
      ],
    },
  },
};

let dataDir: string;
let database: TestDatabase;
let control: Control;
let agent: Agent;
let signalling: SmallSignalling;
let api: ApiClient;
let projectId: string;
let scene: string;
const players: HeadlessPlayer[] = [];

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'backlot-two-masters-'));
  const log = pino({ level: process.env.BACKLOT_TEST_LOG ?? 'silent' });
  const adminToken = 'the-administration-token-of-tests';
  signalling = await openSmallSignalling();
  database = await createTestDatabase({ empty: true });
  control = await createControl({
    config: { host: '127.0.0.1', port: 0, dataDir: join(dataDir, 'control'), adminToken },
    database: database.url,
    workloads: [rendersControl, askForInstances],
    log,
    passwordCost: cheapPasswords,
  });
  agent = await createAgent({
    controlUrl: control.url,
    joinToken: await control.localJoinToken(),
    dataDir: join(dataDir, 'node'),
    name: 'studio',
    workloads: [rendersNode, streamsNode],
    log,
  });
  api = new ApiClient({ baseUrl: control.url, token: adminToken });
  projectId = (await api.transport.call('GET', '/api/v1/projects', Page(Project))).items[0]?.id ?? '';
  const file = join(dataDir, 'scene.blend');
  makeAnimatedBlend(file, 2);
  const { artifact } = await api.artifacts.upload(new Blob([readFileSync(file)]), {
    projectId,
    name: 'scene.blend',
  });
  scene = artifact.id;
  await waitUntil('the machine has proved what it can do', async () => {
    const { capabilities } = await node();
    return ['blender', 'streams'].every((name) => capabilities.some((c) => c.name === name));
  });
}, 240_000);
afterAll(async () => {
  for (const player of players) player.close();
  await agent?.close({ work: 'end' });
  await control?.close();
  await signalling?.close();
  await database?.close();
  await rm(dataDir, { recursive: true, force: true });
});

/** JSON of the API, as the type that its contract gives it. */
async function get<T>(path: string): Promise<T> {
  const headers = { authorization: 'Bearer the-administration-token-of-tests' };
  const answer = await fetch(new URL(path, control.url), { headers, signal: AbortSignal.timeout(30_000) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}
async function node(): Promise<NodeView> {
  const [first] = (await get<{ items: NodeView[] }>('/api/v1/nodes')).items;
  if (!first) throw new Error('The machine has not joined yet.');
  return first;
}
const tasksOf = async (jobId: string) => {
  const { items } = await get<{ items: { id: string }[] }>(`/api/v1/tasks?jobId=${jobId}`);
  return await Promise.all(items.map(({ id }) => get<TaskDetail>(`/api/v1/tasks/${id}`)));
};
const framesTask = async (jobId: string) =>
  (await tasksOf(jobId)).find(({ kind }) => kind === 'renders.frames');

async function submitRender(name: string): Promise<string> {
  const json = { projectId, name, model: { files: [{ artifactId: scene }] }, settings };
  return (await api.transport.call('POST', '/api/v1/renders', Render, { json })).job.id;
}
/** The digest of the picture's bytes, once it is there. */
async function picture(jobId: string): Promise<string> {
  const render = await waitUntil(
    'the render has succeeded',
    async () => {
      const view = await api.transport.call('GET', `/api/v1/renders/${jobId}`, Render);
      if (view.job.state === 'failed') throw new Error(JSON.stringify(view.job.failure));
      return view.job.state === 'succeeded' ? view : undefined;
    },
    { limitMs: 240_000 },
  );
  const id = render.frames[0]?.artifactId ?? '';
  const bytes = await (
    await fetch(`${control.url}/api/v1/artifacts/${id}/content`, authorized)
  ).arrayBuffer();
  return createHash('sha256').update(Buffer.from(bytes)).digest('hex');
}
const authorized = { headers: { authorization: 'Bearer the-administration-token-of-tests' } };

/** Waits until Blender is in the middle of it: placed, started, and using the processor for a while. */
async function inTheMiddle(jobId: string) {
  return await waitUntil('Blender renders', async () => {
    const task = await framesTask(jobId);
    const allocation = task?.allocations.find(({ state }) => state === 'running');
    const blender = allocation && blenderOf(allocation.id);
    return allocation && blender !== undefined && cpuTicks(blender) > 150
      ? { allocation, blender }
      : undefined;
  });
}
const blenderOf = (allocation: string) =>
  processesOf(allocation).find(
    ({ command }) => /blender.*--factory-startup/.test(command) && !/bwrap/.test(command),
  )?.pid;
/** User and system time of a process, in hundredths of a second (proc(5)). */
function cpuTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** Somebody opens the application: an instance is asked for, and a player joins as soon as it is there. */
async function watchTheDemo(wanted: typeof amounts): Promise<{ jobId: string; player: HeadlessPlayer }> {
  amounts = wanted;
  const parameters: InstanceParametersInput = {
    instanceId: newId(),
    app: 'demo',
    appId: newId(),
    version: 1,
    launch: {
      argv: [
        DEMO_PROGRAM,
        ...['--url', '{signallingUrl}', '--width', '{width}', '--height', '{height}', '--fps', '{fps}'],
      ],
    },
    platforms: {},
    picture: { width: 320, height: 180, fps: 15 },
    signallingBase: signalling.streamerUrl.replace('/a-ticket', ''),
    reset: { kind: 'none' },
    secrets: { ticket: 'a-ticket' },
  };
  const { id } = await control.kernel.jobs.submit({
    kind: INSTANCE_JOB,
    projectId,
    name: 'demo',
    parameters: InstanceParameters.parse(parameters),
    actor: systemActor,
  });
  await vi.waitFor(() => expect(signalling.streamerConnected).toBe(true), patience);
  const player = joinHeadless(signalling.playerUrl);
  players.push(player);
  await vi.waitFor(() => expect(player.frameNumber).toBeGreaterThan(0), patience);
  return { jobId: id, player };
}
async function leave(jobId: string): Promise<void> {
  await control.kernel.jobs.setIntent(jobId, 'cancel', systemActor);
  await vi.waitFor(() => expect(signalling.streamerConnected).toBe(false), patience);
}

describe('a render on all cores', () => {
  let undisturbed: string;
  beforeAll(async () => {
    undisturbed = await picture(await submitRender('undisturbed'));
  }, 300_000);

  it('stands still while somebody watches an application, goes on afterwards, and is the same picture', async () => {
    const render = await submitRender('disturbed');
    const { allocation, blender } = await inTheMiddle(render);
    const { capacity } = await node();
    const { jobId, player } = await watchTheDemo({ cpu: 1, memory: 600e6 });

    // Shown as frozen, and really standing: its processor time does not move while the stream does.
    expect((await framesTask(render))?.allocations).toMatchObject([{ id: allocation.id, state: 'frozen' }]);
    const { used } = await node();
    expect(used?.cpu).toBeLessThanOrEqual(capacity?.cpu ?? 0);
    const before = { ticks: cpuTicks(blender), frame: player.frameNumber ?? 0 };
    await vi.waitFor(() => expect(player.frameNumber).toBeGreaterThan(before.frame + 20), patience);
    expect(cpuTicks(blender)).toBe(before.ticks);

    await leave(jobId);
    expect(await picture(render)).toBe(undisturbed);
    const { allocations = [] } = (await framesTask(render)) ?? {};
    // Nothing was rendered twice: the same attempt, the same process.
    expect(allocations).toMatchObject([{ id: allocation.id, outcome: 'ok' }]);
  }, 300_000);

  it('is begun anew when its memory is needed, and is the same picture', async () => {
    const render = await submitRender('displaced');
    const { allocation } = await inTheMiddle(render);
    const { capacity, used } = await node();
    // More than is left beside the render, and no more than there is without it.
    const left = (capacity?.memory ?? 0) - (used?.memory ?? 0);
    const { jobId } = await watchTheDemo({ cpu: 1, memory: left + 100e6 });
    await waitUntil('the render has made room', async () =>
      (await framesTask(render))?.allocations.some(
        ({ id, outcome }) => id === allocation.id && outcome === 'preempted',
      ),
    );
    expect(processesOf(allocation.id)).toEqual([]);
    await leave(jobId);
    expect(await picture(render)).toBe(undisturbed);
    const task = await framesTask(render);
    expect(task?.allocations.map(({ outcome }) => outcome).sort()).toEqual(['ok', 'preempted']);
  }, 300_000);
});
