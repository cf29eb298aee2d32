import { newId, systemClock } from '@backlot/contract';
import { auditLog } from '@backlot/control/access/audit-log';
import { restoreArtifacts, trashArtifacts } from '@backlot/control/artifacts/held/trash';
import { createEventLog } from '@backlot/control/events/event-log';
import { createLocalFabric } from '@backlot/control/fabric/local-fabric';
import type { Kernel } from '@backlot/control/kernel';
import type { Actor, Tx } from '@backlot/control/workload';
import { type CoreHouse, openCoreHouse } from '@backlot/testkit/core-house';
import { createTestDatabase } from '@backlot/testkit/database';
import type { FakeNode } from '@backlot/testkit/fake-fleet';
import { sql } from 'kysely';
import pino from 'pino';
import { ChannelCreate, type ChannelCreateInput } from '../../contract/channel.ts';
import { SEGMENT_KIND } from '../../contract/segment.ts';
import { RECORDER } from '../../contract/watch.ts';
import { markVerified } from '../broadcasts/mark-verified.ts';
import { takeIn } from '../broadcasts/take-in.ts';
import { recordingsControl } from '../index.ts';
import { type RecordingsRuntime, runtimeOf } from '../runtime.ts';

const log = pino({ level: process.env.BACKLOT_TEST_LOG ?? 'silent' });

/** A call that a recorder got. */
export interface Asked {
  readonly nodeId: string;
  readonly method: string;
  readonly payload: unknown;
}

/**
 * The control half of recordings on the real database and the real core; nodes exist as messages only. What nodes tell is
 * given to the reaction as the log of events gives it.
 */
export interface RecordingsHouse extends RecordingsRuntime {
  readonly core: CoreHouse;
  readonly kernel: Kernel;
  readonly projectId: string;
  /** Where its database is. */
  readonly url: string;
  readonly asked: Asked[];
  /** What recorders answer, by method. */
  readonly answers: Map<string, unknown>;
  /** Digests that runs of flows have verified copies of. */
  readonly verified: Set<string>;
  node(): Promise<FakeNode>;
  channel(draft?: Partial<ChannelCreateInput>): Promise<string>;
  /** Waits until the channel's task runs somewhere. */
  running(
    channelId: string,
  ): Promise<{ nodeId: string; allocationId: string; taskId: string; jobId: string }>;
  /** Tells a fact, as the kernel makes an event of one. */
  fact(
    from: { nodeId: string; allocationId: string; taskId: string; jobId: string },
    kind: string,
    body: Record<string, unknown>,
    at?: number,
  ): Promise<void>;
  /** Makes an artifact of a segment, held by the node, and tells of it. */
  segment(
    from: { nodeId: string; allocationId: string; taskId: string; jobId: string },
    name: string,
    meta: Record<string, unknown>,
    size?: number,
  ): Promise<string>;
  /** Makes an artifact of another kind in the same way. */
  file(
    from: { nodeId: string; allocationId: string; taskId: string; jobId: string },
    kind: string,
    meta: Record<string, unknown>,
  ): Promise<string>;
  /** Tells that a run of a flow about a broadcast is over. */
  runEnded(broadcastId: string): Promise<void>;
  close(): Promise<void>;
}

export async function openRecordingsHouse(): Promise<RecordingsHouse> {
  const database = await createTestDatabase({
    migrations: [{ name: 'recordings', migrations: recordingsControl.migrations ?? [] }],
  });
  const core = await openCoreHouse({ store: database.store, workloads: [recordingsControl] });
  const asked: Asked[] = [];
  const answers = new Map<string, unknown>();
  const verified = new Set<string>();
  const fabric = createLocalFabric({ log });
  const events = createEventLog(fabric);
  const trash = { events, audit: auditLog, graceMs: 24 * 3_600_000 };
  const kernel = {
    db: database.db,
    clock: systemClock,
    log,
    fabric,
    events,
    audit: auditLog,
    access: { may: () => true, require: () => undefined, projectsWith: () => 'all' },
    jobs: core.core.jobs,
    placement: core.core.placement,
    nodes: {
      connected: () => true,
      send: () => true,
      onCall: () => undefined,
      call: async (nodeId: string, call: { method: string; payload: unknown }) => {
        asked.push({ nodeId, method: call.method, payload: call.payload });
        return answers.get(call.method) ?? {};
      },
    },
    artifacts: {
      visibleTo: async (_actor: unknown, all: unknown[]) => all,
      trash: (tx: Tx, ids: readonly string[], actor: Actor) => trashArtifacts(trash, tx, ids, actor),
      restore: (tx: Tx, ids: readonly string[], actor: Actor) => restoreArtifacts(trash, tx, ids, actor),
    },
    flows: {
      versionOf: async () => undefined,
      runsOf: async () => new Map(),
      verifiedBy: async () => verified,
    },
    transaction: (work: Parameters<Kernel['transaction']>[0]) => database.store.transaction(work),
  } as unknown as Kernel;
  const runtime = runtimeOf(kernel);
  const projectId = await core.project();
  const react = async (event: Omit<Parameters<typeof takeIn.react>[0], 'seq' | 'id' | 'projectId'>) =>
    takeIn.react({ seq: 1, id: newId(), projectId, ...event }, kernel);
  const made = async (
    from: { nodeId: string; taskId: string; jobId: string },
    kind: string,
    name: string,
    meta: Record<string, unknown>,
    size: number,
  ): Promise<string> => {
    const id = newId();
    const digest = Buffer.from(id.replaceAll('-', '')).toString('hex').slice(0, 64).padEnd(64, '0');
    await database.db
      .insertInto('blob')
      .values({ digest, size: String(size), stored: false } as never)
      .execute();
    await database.db
      .insertInto('artifact_holder')
      .values({ digest, node_id: from.nodeId } as never)
      .execute();
    await database.db
      .insertInto('artifact')
      .values({
        id,
        project_id: projectId,
        job_id: from.jobId,
        task_id: from.taskId,
        name,
        kind,
        digest,
        size: String(size),
        media_type: 'video/x-flv',
        meta: JSON.stringify(meta),
      } as never)
      .execute();
    await react({
      kind: 'artifact.created',
      subject: { kind: 'artifact', id },
      body: { kind, name, jobId: from.jobId, taskId: from.taskId },
    });
    return id;
  };
  return {
    ...runtime,
    core,
    kernel,
    projectId,
    url: database.url,
    asked,
    answers,
    verified,
    node: () =>
      core.fleet.add({
        cpu: 8,
        memory: 8e9,
        disk: 1e13,
        capabilities: [{ name: RECORDER, features: [], version: '1' }],
      }),
    async channel(draft = {}) {
      const { id } = await runtime.channels.create(
        ChannelCreate.parse({
          projectId,
          name: 'Night radio',
          source: { kind: 'auto', url: 'https://origin.example/live/night.flv' },
          ...draft,
        }),
        core.actor,
      );
      return id;
    },
    async running(channelId) {
      return await core.until(async () => {
        await runtime.keeper.look();
        const row = await runtime.channels.row(channelId);
        if (row.job_id === null) return undefined;
        const attempt = await database.db
          .selectFrom('allocation as a')
          .innerJoin('task as t', 't.id', 'a.task_id')
          .select(['a.id', 'a.node_id', 'a.task_id', 't.state'])
          .where('a.job_id', '=', row.job_id)
          .where('a.state', '=', 'running')
          .executeTakeFirst();
        if (attempt?.state !== 'running') return undefined;
        return {
          nodeId: attempt.node_id,
          allocationId: attempt.id,
          taskId: attempt.task_id,
          jobId: row.job_id,
        };
      }, 'the channel runs');
    },
    async fact(from, kind, body, at = Date.now()) {
      await react({
        kind,
        subject: { kind: 'task', id: from.taskId },
        body: { ...body, ...from, key: newId(), at: new Date(at).toISOString() },
      });
    },
    segment: (from, name, meta, size = 1_000) => made(from, SEGMENT_KIND, name, meta, size),
    file: (from, kind, meta) => made(from, kind, `files/${newId()}`, meta, 1_000),
    async runEnded(broadcastId) {
      const [flow, version, run] = [newId(), newId(), newId()];
      await sql`INSERT INTO flow (id, project_id, name, version, version_id, trigger_kind, trigger, step_kinds, step_count)
        VALUES (${flow}, ${projectId}, ${flow}, 1, ${version}, 'flow.manual', '{}', '[]', 0)`.execute(
        database.db,
      );
      await sql`INSERT INTO flow_version (id, flow_id, number, definition, text)
        VALUES (${version}, ${flow}, 1, '{}', '')`.execute(database.db);
      await sql`INSERT INTO flow_run (id, flow_id, version_id, project_id, job_id, name, key, trigger_kind, trigger_data,
          trigger_ports, subject_kind, subject_id, state)
        VALUES (${run}, ${flow}, ${version}, ${projectId}, ${newId()}, 'x', ${run}, 'flow.manual', '{}', '{}', 'broadcast',
          ${broadcastId}, 'succeeded')`.execute(database.db);
      await markVerified.react(
        {
          seq: 1,
          id: newId(),
          projectId,
          kind: 'flow.run.ended',
          subject: { kind: 'flow-run', id: run },
          body: {},
        },
        kernel,
      );
    },
    async close() {
      await runtime.keeper.close();
      await runtime.sweep.close();
      await core.close();
      await fabric.close();
      await database.close();
    },
  };
}
