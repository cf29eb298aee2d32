import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Control, createControl } from '@backlot/control';
import { systemActor } from '@backlot/control/kernel';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { sql } from 'kysely';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../link/link-node.ts';
import { beaconControl, told } from './beacon.ts';

const program = fileURLToPath(new URL('./agent-main.ts', import.meta.url));
const adminToken = 'the-administration-token-of-alone-tests';
const log = pino({ level: process.env.BACKLOT_TEST_LOG ?? 'silent' });

let database: TestDatabase;
let control: Control;
let folder: string;
let dataDir: string;
let agent: ChildProcess;
let nodeId: string;
let port = 0;
let versionId: string;

async function startControl(): Promise<void> {
  control = await createControl({
    config: { host: '127.0.0.1', port, dataDir: join(folder, 'control'), adminToken },
    database: database.address,
    workloads: [beaconControl],
    log,
    nodeSettings: { heartbeatMs: 500, leaseMs: 3_000 },
  });
  port = control.port;
}

async function startAgent(joinToken = ''): Promise<void> {
  agent = fork(program, [`http://127.0.0.1:${port}`, dataDir, joinToken], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [message] = (await once(agent, 'message')) as [{ nodeId: string }];
  nodeId = message.nodeId;
}

async function api<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(new URL(path, control.url), {
    method,
    headers: {
      authorization: `Bearer ${adminToken}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text}`);
  return JSON.parse(text) as T;
}

/** The broadcast with this number ends. */
const broadcast = (number: number) => writeFile(join(folder, `broadcast-${number}`), '');
/** What the node was given; while it is being written it has another name. */
const entrusted = async () =>
  (await readdir(join(dataDir, 'deputy', 'entrusted')).catch(() => [])).filter((name) =>
    name.endsWith('.json'),
  );
const runFolders = () => readdir(join(dataDir, 'deputy', 'runs'));
/** Empty while it is being made, or removed. */
const journalOf = (run: string) =>
  readFile(join(dataDir, 'deputy', 'runs', run, 'journal'), 'utf8').catch(() => '');
const journals = async () => (await Promise.all((await runFolders()).map(journalOf))).join('');

const forgotten = () =>
  until('the node has forgotten it', async () => (await runFolders()).length === 0, 30_000);

async function runsOf(number: number) {
  return await database.db
    .selectFrom('flow_run')
    .selectAll()
    .where('key', '=', `beacon:broadcast-${number}`)
    .execute();
}
const ended = (number: number) =>
  until(
    `the run of broadcast ${number} has ended`,
    async () => (await runsOf(number))[0]?.ended_at != null,
    60_000,
  );

/** Attempts of the steps of a run, and what they have made. */
async function account(jobId: string) {
  const { rows } = await sql<{ key: string; node: string; outcome: string; secret: string }>`
    SELECT t.key, a.node_id AS node, a.outcome, t.result->>'secret' AS secret
    FROM (SELECT id, key, job_id, result FROM task UNION ALL SELECT id, key, job_id, result FROM task_history) t
    JOIN (SELECT id, task_id, node_id, outcome, started_at FROM allocation
          UNION ALL SELECT id, task_id, node_id, outcome, started_at FROM allocation_history) a ON a.task_id = t.id
    WHERE t.job_id = ${jobId} ORDER BY a.started_at
  `.execute(database.db);
  const artifacts = await database.db
    .selectFrom('artifact')
    .select(['name', 'digest', 'stored', 'holders'])
    .where('job_id', '=', jobId)
    .execute();
  return { attempts: rows, artifacts };
}

async function kill(): Promise<void> {
  agent.kill('SIGKILL');
  await once(agent, 'exit');
}

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'backlot-alone-'));
  dataDir = await mkdtemp(join(tmpdir(), 'backlot-alone-node-'));
  await startControl();
  const project = crypto.randomUUID();
  await control.kernel.db
    .insertInto('project')
    .values({ id: project, slug: 'alone', name: 'Alone' })
    .execute();
  const flow = await api<{ versionId: string }>('POST', '/api/v1/flows', {
    projectId: project,
    definition: {
      version: 1,
      name: 'archive',
      trigger: { kind: 'beacon.done' },
      steps: [
        { id: 'first', kind: 'beacon.copy', in: { file: 'trigger.file' }, with: { delayMs: 500 } },
        { id: 'second', kind: 'beacon.copy', in: { file: 'first.file' }, with: { delayMs: 1500 } },
        { id: 'tell', kind: 'beacon.tell', after: ['second'] },
      ],
    },
  });
  versionId = flow.versionId;
  await startAgent(await control.localJoinToken());
  await control.kernel.jobs.submit({
    kind: 'beacon.watch',
    projectId: project,
    name: 'watch',
    parameters: { folder, flow: { versionId } },
    actor: systemActor,
  });
  await until('the node has been given the flow', async () => (await entrusted()).length === 1, 60_000);
}, 120_000);
afterAll(async () => {
  if (agent.connected) {
    agent.disconnect();
    await once(agent, 'exit');
  }
  await control.close({ graceMs: 500 });
  await database.close();
  for (const one of [folder, dataDir]) await rm(one, { recursive: true, force: true });
});

describe('a node that goes on alone', { timeout: 120_000 }, () => {
  it('has what it was given for itself, and runs nothing while it is not alone', async () => {
    const [file = ''] = await entrusted();
    expect((await stat(join(dataDir, 'deputy', 'entrusted', file))).mode & 0o077).toBe(0);
    await broadcast(1);
    await ended(1);
    const [run] = await runsOf(1);
    expect(run).toMatchObject({ state: 'succeeded', alone_on: null, alone_open: false });
    expect(await runFolders()).toEqual([]);
    expect(told).toEqual(['broadcast-1']);
  });

  it('runs the flow of a fact, and the control plane takes run, results and files in once', async () => {
    await control.close({ graceMs: 200 });
    await broadcast(2);
    await until('a run has ended there', async () => /"left"/.test(await journals()), 60_000);
    await startControl();
    await ended(2);
    const [run, ...more] = await runsOf(2);
    expect(more).toEqual([]);
    expect(run).toMatchObject({ state: 'succeeded', alone_on: nodeId, alone_open: false });
    const { attempts, artifacts } = await account(run?.job_id ?? '');
    expect(attempts).toEqual([
      { key: 'first', node: nodeId, outcome: 'ok', secret: 'open sesame' },
      { key: 'second', node: nodeId, outcome: 'ok', secret: 'open sesame' },
    ]);
    expect(artifacts).toHaveLength(2);
    for (const one of artifacts)
      expect(one).toMatchObject({ name: 'copy.txt', stored: false, holders: [nodeId] });
    // What only the control plane can do, it has done, once.
    expect(told).toEqual(['broadcast-1', 'broadcast-2']);
    await forgotten();
  });

  it('finishes by itself what it has begun when the control plane returns in the middle', async () => {
    await control.close({ graceMs: 200 });
    await broadcast(3);
    await until(
      'its first step has ended',
      async () => /"r":"ended","step":"first"/.test(await journals()),
      60_000,
    );
    await startControl();
    await ended(3);
    const [run] = await runsOf(3);
    expect(run).toMatchObject({ state: 'succeeded', alone_on: nodeId });
    const { attempts } = await account(run?.job_id ?? '');
    expect(attempts.map(({ key }) => key)).toEqual(['first', 'second']);
    expect(told.filter((one) => one === 'broadcast-3')).toHaveLength(1);
    await forgotten();
  });

  it('goes on after its agent was killed in the middle, with the same attempts', async () => {
    await control.close({ graceMs: 200 });
    await broadcast(4);
    await until('a step runs', async () => /"r":"attempt","step":"second"/.test(await journals()), 60_000);
    await kill();
    await startAgent();
    await until('the run has ended there', async () => /"left"/.test(await journals()), 60_000);
    await startControl();
    await ended(4);
    const [run] = await runsOf(4);
    const { attempts, artifacts } = await account(run?.job_id ?? '');
    expect(attempts.map(({ key, outcome }) => [key, outcome])).toEqual([
      ['first', 'ok'],
      ['second', 'ok'],
    ]);
    expect(artifacts).toHaveLength(2);
  });

  it('told every fact once and in order, and nothing of the watching was disturbed', async () => {
    const { rows } = await sql<{ name: string }>`
      SELECT body->>'broadcast' AS name FROM event WHERE kind = 'beacon.ended' ORDER BY seq
    `.execute(database.db);
    expect(rows.map(({ name }) => name)).toEqual([1, 2, 3, 4].map((number) => `broadcast-${number}`));
    const { rows: watches } = await sql<{ n: number }>`
      SELECT count(*)::int AS n FROM allocation a JOIN task t ON t.id = a.task_id WHERE t.kind = 'beacon.watch'
    `.execute(database.db);
    expect(watches).toEqual([{ n: 1 }]);
  });

  it.each([
    ['holds something else', 5, (path: string) => writeFile(path, 'not a journal\n')],
    [
      'can’t be read at all',
      6,
      async (path: string) => {
        await rm(path);
        await mkdir(path);
      },
    ],
  ])('gives a run back whose journal %s: the control plane does it, once', async (_why, number, damage) => {
    await control.close({ graceMs: 200 });
    await broadcast(number);
    await until('a step runs', async () => /"r":"attempt","step":"second"/.test(await journals()), 60_000);
    await kill();
    for (const run of await runFolders()) await damage(join(dataDir, 'deputy', 'runs', run, 'journal'));
    await startAgent();
    await startControl();
    await ended(number);
    const [run, ...more] = await runsOf(number);
    expect(more).toEqual([]);
    expect(run).toMatchObject({ state: 'succeeded', alone_on: null, alone_open: false });
    const { attempts } = await account(run?.job_id ?? '');
    expect(attempts.map(({ key, outcome }) => [key, outcome])).toEqual([
      ['first', 'ok'],
      ['second', 'ok'],
    ]);
    expect(told.filter((one) => one === `broadcast-${number}`)).toHaveLength(1);
  });
});
