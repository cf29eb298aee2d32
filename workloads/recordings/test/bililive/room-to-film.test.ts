import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Artifact, FlowRunDetail, NodeView, Page, Project } from '@backlot/contract';
import { type Control, createControl } from '@backlot/control';
import { createLog } from '@backlot/control/telemetry/log';
import { type Agent, createAgent } from '@backlot/node/agent/agent';
import { ApiClient } from '@backlot/sdk';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { cheapPasswords } from '@backlot/testkit/test-front';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { BroadcastPage, CHAT_KIND, ENGINE, FILM_KIND, SEGMENT_KIND } from '../../contract.ts';
import { recordingsControl } from '../../control/index.ts';
import { recordingsNode } from '../../node/index.ts';
import { makeSample } from '../sources/sample.ts';

/**
 * From an NGlive client's /addroom to a film, inside the whole product: control plane, database, agent, hosts, flows, ffmpeg.
 * Only the recorder is played (see fake-recorder-main.ts), and what it records has a title that would do harm.
 */
const hostile = 'a"; touch x & $(id) `touch x` {{run.id}} ../..';
const adminToken = 'the-administration-token-of-tests';
let folder: string;
let works: string;
let database: TestDatabase;
let control: Control;
let agent: Agent;
let api: ApiClient;
let projectId: string;
const before = { ...process.env };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backlot-room-'));
  works = await mkdtemp(join(folder, 'works-'));
  await writeFile(join(works, '.sample.flv'), readFileSync(makeSample(folder, { seconds: 4 }).path));
  const binary = join(folder, 'BililiveRecorder.Cli');
  const program = resolve(import.meta.dirname, 'fake-recorder-main.ts');
  await writeFile(binary, `#!${process.execPath} --no-warnings\nimport(${JSON.stringify(program)});\n`);
  await chmod(binary, 0o755);
  Object.assign(process.env, { BACKLOT_BILILIVE_BINARY: binary, BACKLOT_BILILIVE_DIR: works });
  database = await createTestDatabase({ empty: true });
  const log = createLog({ name: 'test', level: 'silent' });
  control = await createControl({
    config: { host: '127.0.0.1', port: 0, dataDir: join(folder, 'control'), adminToken },
    database: database.url,
    workloads: [recordingsControl],
    log,
    passwordCost: cheapPasswords,
  });
  api = new ApiClient({ baseUrl: control.url, token: adminToken });
  projectId = (await api.transport.call('GET', '/api/v1/projects', Page(Project))).items[0]?.id ?? '';
  agent = await createAgent({
    controlUrl: control.url,
    joinToken: await control.localJoinToken(),
    dataDir: join(folder, 'node'),
    name: 'studio-1',
    workloads: [recordingsNode],
    log,
  });
  await agent.ready;
  await vi.waitUntil(
    async () => {
      const nodes = await api.transport.call('GET', '/api/v1/nodes', Page(NodeView));
      const has = (name: string) =>
        nodes.items.some((node) => node.capabilities.some((one) => one.name === name));
      return has(ENGINE) && has('ffmpeg');
    },
    { timeout: 110_000, interval: 100 },
  );
}, 150_000);
afterAll(async () => {
  await agent?.close({ work: 'end' });
  await control?.close();
  await database?.close();
  await rm(folder, { recursive: true, force: true });
  for (const name of ['BACKLOT_BILILIVE_BINARY', 'BACKLOT_BILILIVE_DIR']) {
    if (before[name] === undefined) delete process.env[name];
  }
});

const any = z.looseObject({});
const call = (method: 'GET' | 'POST' | 'PUT' | 'PATCH', path: string, json?: unknown) =>
  api.transport.call(method, path, any, json === undefined ? {} : { json });
async function script(rooms: Record<string, unknown>): Promise<void> {
  await writeFile(join(works, '.fake-next'), JSON.stringify({ rooms }));
  await rename(join(works, '.fake-next'), join(works, '.fake.json'));
}
const artifacts = async () =>
  (await api.transport.call('GET', `/api/v1/artifacts?projectId=${projectId}&limit=100`, Page(Artifact)))
    .items;

describe('a room that a client of NGlive adds', () => {
  it('is recorded by the engine of a node, becomes a broadcast, and its flow makes a film of it', async () => {
    const base = '/api/v1/compat/nglive';
    await call('PUT', base, { projectId, enabled: true, recorder: 'bililive' });
    const { token } = await call('POST', `${base}/token`, { projectId });
    await call('POST', '/api/v1/flows', {
      projectId,
      definition: {
        version: 1,
        name: 'To a film',
        trigger: { kind: 'recordings.broadcast-ended' },
        steps: [{ id: 'join', kind: 'recordings.join', in: { segments: 'trigger.segments' } }],
      },
    });
    const folderOfRoom = `23058-${hostile.replaceAll('/', '_')}`;
    await script({ 23058: { streaming: true, title: hostile, folder: folderOfRoom } });
    const client = async (path: string) =>
      (await (
        await fetch(`${control.url}${path}`, { headers: { authorization: `Bearer ${token}` } })
      ).json()) as {
        code: number;
        data: { objectId: string; recording: boolean; title: string };
      };
    const { data } = await client('/addroom?roomid=23058');
    await call('PATCH', `/api/v1/channels/${data.objectId}`, { silenceMs: 1_000 });
    await vi.waitUntil(async () => (await client('/getroom?roomid=23058')).data.recording, {
      timeout: 90_000,
      interval: 200,
    });
    expect((await client('/getroom?roomid=23058')).data.title).toBe(hostile);
    const split = await fetch(`${control.url}/api/v1/channels/${data.objectId}/split`, {
      method: 'POST',
      headers: { authorization: `Bearer ${adminToken}` },
    });
    expect(split.status).toBe(202);
    await vi.waitUntil(async () => (await artifacts()).some(({ kind }) => kind === SEGMENT_KIND), {
      timeout: 90_000,
      interval: 200,
    });
    await script({ 23058: { streaming: false, title: hostile } });
    await vi.waitUntil(async () => (await artifacts()).some(({ kind }) => kind === FILM_KIND), {
      timeout: 90_000,
      interval: 200,
    });
    const { items } = await api.transport.call('GET', '/api/v1/broadcasts', BroadcastPage);
    expect(items).toMatchObject([{ state: 'ended', title: hostile, takes: 2, segments: 2 }]);
    // What people wrote meanwhile is told once for each segment, and given to the flow in the order of time.
    const chats = (await artifacts()).filter(({ kind }) => kind === CHAT_KIND);
    expect(chats.map(({ meta }) => meta.number).toSorted()).toEqual([1, 2]);
    const run = await api.transport.call('GET', `/api/v1/flow-runs/${items[0]?.flowRunId}`, FlowRunDetail);
    expect(run.ports.chat).toMatchObject({
      type: 'files',
      files: [1, 2].map((number) => ({
        kind: CHAT_KIND,
        mediaType: 'application/xml',
        artifactId: chats.find(({ meta }) => meta.number === number)?.id,
        meta: { number, format: 'bilibili-xml' },
      })),
    });
    // Nothing ran, nothing is named by the title, nothing lies outside the recorder's folder.
    expect((await artifacts()).map(({ name }) => name).filter((name) => /touch|\$|\.\./.test(name))).toEqual(
      [],
    );
    const everything = await readdir(folder, { recursive: true });
    expect(everything.filter((path) => /(^|\/)x$/.test(path))).toEqual([]);
    expect(
      everything.filter(
        (path) => path.includes('touch') && !path.startsWith(`${works.slice(folder.length + 1)}/`),
      ),
    ).toEqual([]);
    await client('/removeroom?roomid=23058');
    expect((await client('/getroom?roomid=23058')).code).toBe(4042);
  }, 200_000);
});
