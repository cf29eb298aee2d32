import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Control, createControl } from '@backlot/control';
import { systemActor } from '@backlot/control/kernel';
import { type Agent, createAgent } from '@backlot/node/agent/agent';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { type NatsServer, startNatsServer } from '@backlot/testkit/nats-server';
import { startTestS3Server, type TestS3Server } from '@backlot/testkit/s3-server';
import { tinyControl, tinyNode } from '@backlot/testkit/tiny/index';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from './link-node.ts';
import { log } from './product.ts';

const adminToken = 'the-administration-token-of-two-replicas';

let nats: NatsServer;
let s3: TestS3Server;
let database: TestDatabase;
let replicas: [Control, Control];
let agent: Agent;
let projectId: string;
const folders: string[] = [];

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'backlot-replica-'));
  folders.push(path);
  return path;
}

async function startReplica(): Promise<Control> {
  return await createControl({
    config: {
      host: '127.0.0.1',
      port: 0,
      dataDir: await folder(),
      adminToken,
      natsUrl: nats.url,
      s3: s3.location,
    },
    database: database.address,
    workloads: [tinyControl],
    log,
    nodeSettings: { heartbeatMs: 500, leaseMs: 5_000 },
  });
}

/** Two control planes on one database, one store and one NATS server; the only agent is linked to the second. */
beforeAll(async () => {
  [nats, s3] = await Promise.all([startNatsServer(), startTestS3Server()]);
  database = await createTestDatabase({
    migrations: [{ name: tinyControl.name, migrations: [...(tinyControl.migrations ?? [])] }],
  });
  // One after the other: whoever comes first leads placement, and the agent's link ends at the other.
  const leader = await startReplica();
  replicas = [leader, await startReplica()];
  projectId = crypto.randomUUID();
  await database.db.insertInto('project').values({ id: projectId, slug: 'two', name: 'Two' }).execute();
  agent = await createAgent({
    controlUrl: replicas[1].url,
    joinToken: await replicas[1].localJoinToken(),
    dataDir: await folder(),
    name: 'far',
    workloads: [tinyNode],
    log,
  });
  await agent.ready;
});
afterAll(async () => {
  await agent?.close({ work: 'end', graceMs: 3_000 });
  for (const replica of replicas ?? []) await replica.close({ graceMs: 500 });
  await nats?.close();
  await s3?.close();
  await database?.close();
  for (const path of folders) await rm(path, { recursive: true, force: true });
});

const submit = async (at: Control, parameters: Record<string, unknown>) =>
  (
    await at.kernel.jobs.submit({
      kind: 'tiny.count',
      projectId,
      name: 'far',
      parameters,
      actor: systemActor,
    })
  ).id;

async function ended(job: string): Promise<string> {
  let state = '';
  await until(
    'the job has ended',
    async () => {
      state = (await replicas[0].kernel.jobs.get(job)).state;
      return ['succeeded', 'failed', 'canceled'].includes(state);
    },
    90_000,
  );
  return state;
}

async function health(at: Control): Promise<{ name: string; status: string }[]> {
  const answer = await fetch(new URL('/api/v1/health', at.url), {
    headers: { authorization: `Bearer ${adminToken}` },
  });
  return ((await answer.json()) as { parts: { name: string; status: string }[] }).parts;
}

describe('two control processes', { timeout: 180_000 }, () => {
  it('place work on a node that is linked to the other one, and reach it with calls', async () => {
    const job = await submit(replicas[0], { parts: 1, steps: 400, stepMs: 25 });
    let running: { id: string; node_id: string } | undefined;
    await until(
      'a part runs',
      async () => {
        running = await database.db
          .selectFrom('allocation')
          .innerJoin('task', 'task.id', 'allocation.task_id')
          .select(['allocation.id', 'allocation.node_id'])
          .where('task.kind', '=', 'tiny.part')
          .where('allocation.state', '=', 'running')
          .executeTakeFirst();
        return running !== undefined;
      },
      90_000,
    );
    const { id, node_id } = running ?? { id: '', node_id: '' };
    for (const replica of replicas) {
      const call = { allocation: id, method: 'tiny.shout', payload: { word: 'hello' }, deadlineMs: 20_000 };
      expect(await replica.kernel.nodes.call(node_id, call)).toEqual({ part: 0, shouted: 'HELLO' });
    }
    await replicas[0].kernel.jobs.setIntent(job, 'cancel', systemActor);
    expect(await ended(job)).toBe('canceled');
  });

  it('do whole jobs that either of them was given', async () => {
    const jobs = await Promise.all(replicas.map((at) => submit(at, { parts: 2, steps: 2, stepMs: 5 })));
    for (const job of jobs) expect(await ended(job)).toBe('succeeded');
  });

  it('sign for each other', async () => {
    const [first, second] = await Promise.all(replicas.map((at) => at.kernel.key('streams.tickets')));
    expect(second).toEqual(first);
  });

  it('say that NATS is away, and go on without it', async () => {
    await nats.kill();
    for (const replica of replicas) {
      await until(
        'it is said',
        async () =>
          (await health(replica)).some((part) => part.name === 'fabric' && part.status === 'degraded'),
        60_000,
      );
    }
    // The node's own replica takes over what needs its link; what the other one offers is offered again until then.
    await replicas[0].close({ graceMs: 500 });
    const job = await submit(replicas[1], { parts: 2, steps: 2, stepMs: 5 });
    replicas = [replicas[1], replicas[1]];
    expect(await ended(job)).toBe('succeeded');
    await nats.start();
    await until(
      'all is well',
      async () => (await health(replicas[1])).every((part) => part.name !== 'fabric' || part.status === 'ok'),
      60_000,
    );
  });
});
