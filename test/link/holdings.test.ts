import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Artifact } from '@backlot/contract';
import { systemActor } from '@backlot/control/kernel';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type AgentProcess, startAgentProcess } from './agent-process.ts';
import { until } from './link-node.ts';
import { type Product, startProduct } from './product.ts';

const patience = 60_000;
let product: Product;
let dataDir: string;
let agent: AgentProcess;

beforeAll(async () => {
  product = await startProduct();
  dataDir = await mkdtemp(join(tmpdir(), 'backlot-holder-'));
  agent = await start();
}, patience);
afterAll(async () => {
  await agent?.end();
  await product.close();
  await rm(dataDir, { recursive: true, force: true });
}, patience);

async function start() {
  const joinToken = await product.control.localJoinToken();
  return startAgentProcess({ url: product.control.url, dataDir, joinToken });
}

const jobs: string[] = [];
afterEach(async () => {
  for (const id of jobs.splice(0)) {
    // Those that have ended can't be canceled any more, and need not be.
    await product.control.kernel.jobs.setIntent(id, 'cancel', systemActor).catch(() => undefined);
  }
}, patience);

const submit = async (kind: string, parameters: unknown) => {
  const { kernel } = product.control;
  const job = await kernel.jobs.submit({
    kind,
    projectId: product.project,
    name: 'test',
    parameters,
    actor: systemActor,
  });
  jobs.push(job.id);
  return job.id;
};

/** A recording that runs: its task, its allocation, and a way to call it. */
async function record(word: string) {
  const job = await submit('tiny.record', { word });
  const running = async () =>
    (
      await sql<{ id: string; task: string; node: string; fence: number }>`
        SELECT id, task_id AS task, node_id AS node, fence FROM allocation WHERE job_id = ${job} AND state = 'running'
      `.execute(product.database.db)
    ).rows[0];
  await until('it records', async () => (await running()) !== undefined, patience);
  const place = await running();
  if (!place) throw new Error('It does not record.');
  const call = async (method: string): Promise<{ number: number; pid: number }> =>
    (await product.control.kernel.nodes.call(place.node, {
      allocation: place.id,
      method,
      payload: {},
      deadlineMs: 10_000,
    })) as { number: number; pid: number };
  /** Asks until the host answers: it may just be starting anew. */
  const surely = async (method: string) => {
    let answer: { number: number; pid: number } | undefined;
    await until(
      `${method} is answered`,
      async () => {
        answer = await call(method).catch(() => undefined);
        return answer !== undefined;
      },
      patience,
    );
    return answer as { number: number; pid: number };
  };
  return { job, ...place, call, surely };
}

const pieces = async (task: string) =>
  (await product.api<{ items: Artifact[] }>('GET', `/api/v1/artifacts?taskId=${task}&limit=200`)).body.items;
const hasPieces = (task: string, count: number) =>
  until(`${count} pieces are known`, async () => (await pieces(task)).length === count, patience);

/** Events of a task: of its artifacts, and of its facts. */
async function told(task: string) {
  const { rows } = await sql<{ kind: string; body: { number?: number; key?: string; name?: string } }>`
    SELECT kind, body FROM event
    WHERE body ->> 'taskId' = ${task} AND kind IN ('tiny.piece', 'artifact.created') ORDER BY seq
  `.execute(product.database.db);
  const facts = rows.filter(({ kind }) => kind === 'tiny.piece').map(({ body }) => body.number);
  const made = rows.filter(({ kind }) => kind === 'artifact.created').map(({ body }) => body.name);
  return { facts, made };
}
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** Everything is there once, in order, and can be read. */
async function expectWhole(recording: Awaited<ReturnType<typeof record>>, word: string, count: number) {
  await hasPieces(recording.task, count);
  await until('all facts are told', async () => (await told(recording.task)).facts.length >= count, patience);
  const { facts, made } = await told(recording.task);
  expect(facts).toEqual(upTo(count));
  expect(made).toEqual(upTo(count).map((number) => `t${recording.fence}/piece-${number}.txt`));
  for (const artifact of await pieces(recording.task)) {
    expect(artifact).toMatchObject({ stored: false, holders: [recording.node] });
    const { number } = artifact.meta as { number: number };
    expect(await text(artifact)).toBe(`${word} ${number}\n`);
  }
}

async function content(artifact: Pick<Artifact, 'id'>, headers: Record<string, string> = {}) {
  const url = new URL(`/api/v1/artifacts/${artifact.id}/content`, product.control.url);
  const authorization = 'Bearer the-administration-token-of-link-tests';
  return fetch(url, { headers: { authorization, ...headers } });
}
const text = async (artifact: Pick<Artifact, 'id'>) => (await content(artifact)).text();

describe('what stays on a node', { timeout: 180_000 }, () => {
  it('is known with its facts, once and in order, and can be read whole and by range', async () => {
    const recording = await record('hello');
    for (const number of upTo(3)) expect((await recording.call('tiny.cut')).number).toBe(number);
    await expectWhole(recording, 'hello', 3);
    const [last] = await pieces(recording.task);
    if (!last) throw new Error('There is none.');
    const part = await content(last, { range: 'bytes=1-3' });
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe(`bytes 1-3/${last.size}`);
    expect(await part.text()).toBe('ell');
    expect(last.digest).toBe(
      createHash('sha256')
        .update(await text(last))
        .digest('hex'),
    );
  });

  it('loses nothing and tells nothing twice when the agent is killed by -9 again and again', async () => {
    const recording = await record('agent');
    let cut = 0;
    for (let round = 0; round < 3; round += 1) {
      await recording.surely('tiny.cut');
      await recording.call('tiny.cut');
      cut += 2;
      agent.kill('SIGKILL');
      await agent.ended;
      agent = await start();
    }
    await recording.surely('tiny.pid');
    await expectWhole(recording, 'agent', cut);
  });

  it('goes on under the same fence when its host is killed by -9', async () => {
    const recording = await record('host');
    const before = await recording.call('tiny.cut');
    await recording.call('tiny.die').catch(() => undefined);
    let after = before;
    await until(
      'another host has it',
      async () => {
        after = await recording.surely('tiny.pid');
        return after.pid !== before.pid;
      },
      patience,
    );
    expect((await recording.surely('tiny.cut')).number).toBe(2);
    await expectWhole(recording, 'host', 2);
    const { rows } = await sql`SELECT id FROM allocation WHERE job_id = ${recording.job}`.execute(
      product.database.db,
    );
    expect(rows).toEqual([{ id: recording.id }]);
  });

  it('waits on the node while the control plane is away', async () => {
    const recording = await record('control');
    await recording.call('tiny.cut');
    await hasPieces(recording.task, 1);
    // Away for the node alone: what is cut now finds nobody to tell.
    const { kernel } = product.control;
    const cutting = kernel.nodes.call(recording.node, {
      allocation: recording.id,
      method: 'tiny.cut',
      payload: {},
      deadlineMs: 10_000,
    });
    await cutting.catch(() => undefined);
    await product.control.close({ graceMs: 100 });
    await product.startControl();
    expect((await recording.surely('tiny.cut')).number).toBe(3);
    await expectWhole(recording, 'control', 3);
  });

  it('is taken in when its place was given away long ago', async () => {
    const recording = await record('stale');
    await recording.call('tiny.cut');
    await hasPieces(recording.task, 1);
    // As the sweep of lost nodes does it.
    await sql`
      UPDATE allocation SET state = 'ended', known_state = NULL, outcome = 'lost', ended_at = now()
      WHERE id = ${recording.id}
    `.execute(product.database.db);
    await recording.call('tiny.cut').catch(() => undefined);
    await hasPieces(recording.task, 2);
    expect((await told(recording.task)).facts).toEqual([1, 2]);
  });

  it('feeds tasks: rather where it is, and elsewhere through the control plane', async () => {
    const recording = await record('film');
    await recording.call('tiny.cut');
    await hasPieces(recording.task, 1);
    const [piece] = await pieces(recording.task);
    if (!piece) throw new Error('There is none.');
    const other = await product.startAgent();
    await other.ready;
    const { db } = product.database;
    await until('the other node is ready', async () => {
      const { rows } = await sql`
        SELECT 1 FROM node WHERE id = ${other.nodeId} AND inventory IS NOT NULL
      `.execute(db);
      return rows.length > 0;
    });
    const { digest, size } = piece;
    const here = await submit('tiny.play', { expected: 'film 1\n', digest, size, prefer: [recording.node] });
    const there = await submit('tiny.play', { expected: 'film 1\n', digest, size, nodes: [other.nodeId] });
    for (const [job, node] of [
      [here, recording.node],
      [there, other.nodeId],
    ] as const) {
      expect(await product.ended(job, patience)).toBe('succeeded');
      const { rows } = await sql<{ node: string; result: unknown }>`
        SELECT a.node_id AS node, t.result FROM task t JOIN allocation a ON a.task_id = t.id WHERE t.job_id = ${job}
      `.execute(db);
      expect(rows).toEqual([{ node, result: { same: true } }]);
    }
    // Its copy stays where it was made, by another node, and both are known to have these bytes.
    await until('both hold it', async () => (await pieces(recording.task))[0]?.holders.length === 2);
    await other.close({ work: 'end' });
    expect(await text(piece)).toBe('film 1\n');
  });

  it('goes into the trash and comes back, and is refused while somebody needs it', async () => {
    const recording = await record('trash');
    await recording.call('tiny.cut');
    await hasPieces(recording.task, 1);
    const [piece] = await pieces(recording.task);
    if (!piece) throw new Error('There is none.');
    const { kernel, store } = product.control;
    const { digest, size } = piece;
    const waiting = await submit('tiny.play', {
      expected: '',
      digest,
      size,
      nodes: ['01a21900-0000-7000-8000-000000000000'],
    });
    const trash = () => store.transaction((tx) => kernel.artifacts.trash(tx, [piece.id], systemActor));
    await expect(trash()).rejects.toMatchObject({ code: 'artifact_needed' });
    await kernel.jobs.setIntent(waiting, 'cancel', systemActor);
    await until('nobody needs it', async () =>
      trash().then(
        () => true,
        () => false,
      ),
    );
    const holder = async () =>
      (
        await sql<{ state: string }>`SELECT state FROM artifact_holder WHERE digest = ${digest}`.execute(
          product.database.db,
        )
      ).rows[0]?.state;
    const inTrash = async () => (await readdir(join(dataDir, 'holdings', 'trash'))).includes(digest);
    expect(await holder()).toBe('trashing');
    await until('the node has said so', async () => (await holder()) === 'trashed', patience);
    expect(await inTrash()).toBe(true);
    expect((await content(piece)).status).toBe(404);

    const back = await product.api<Artifact>('POST', `/api/v1/artifacts/${piece.id}/restore`);
    expect(back.status).toBe(200);
    await until('the node has it again', async () => (await holder()) === 'held', patience);
    expect(await inTrash()).toBe(false);
    expect(await text(piece)).toBe('trash 1\n');
  });

  it('names the node that has it while that is away', async () => {
    const recording = await record('away');
    await recording.call('tiny.cut');
    await hasPieces(recording.task, 1);
    const [piece] = await pieces(recording.task);
    if (!piece) throw new Error('There is none.');
    agent.kill('SIGKILL');
    await agent.ended;
    await until('its link is gone', () => !product.control.kernel.nodes.connected(recording.node), patience);
    const answer = await content(piece);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ code: 'holder_away', params: { nodes: 'victim' } });
    agent = await start();
    await until('it can be read again', async () => (await content(piece)).status === 200, patience);
  });

  it('is shown with the node: how much it holds, and how its disk stands', async () => {
    const { body } = await product.api<{
      items: { name: string; load: { disk?: { state: string; held: { files: number } } } | null }[];
    }>('GET', '/api/v1/nodes');
    const disk = body.items.find(({ name }) => name === 'victim')?.load?.disk;
    expect(disk?.state).toMatch(/^(ok|low|full)$/);
    expect(disk?.held.files).toBeGreaterThan(5);
  });
});
