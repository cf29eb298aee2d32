import { randomBytes } from 'node:crypto';
import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { newId } from '@backlot/contract';
import { sql } from 'kysely';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEventLog } from '../../events/event-log.ts';
import { createLocalFabric } from '../../fabric/local-fabric.ts';
import { openTestRoom, sha256, type TestRoom } from '../testing/room.ts';
import { sweep } from './sweep.ts';

const HOUR = 3_600_000;
let room: TestRoom;
let project: string;

beforeAll(async () => {
  room = await openTestRoom();
  project = await room.project();
});
afterAll(() => room.close());

const run = () =>
  sweep(
    {
      store: room.database.store,
      blobs: room.blobs,
      artifacts: room.artifacts,
      events: createEventLog(createLocalFabric({ log: pino({ level: 'silent' }) })),
      log: pino({ level: 'silent' }),
      guard: async () => undefined,
      graceMs: HOUR,
      uploadExpiryMs: 24 * HOUR,
    },
    new AbortController().signal,
  );

/** Makes everything that waits for a grace two hours older. */
async function twoHoursLater(): Promise<void> {
  const { db } = room.database;
  await sql`UPDATE blob SET unreferenced_at = unreferenced_at - interval '2 hours'`.execute(db);
  await sql`UPDATE artifact SET deleted_at = deleted_at - interval '2 hours'`.execute(db);
  await sql`UPDATE staged_output SET created_at = created_at - interval '2 hours'`.execute(db);
}

const put = async (bytes = randomBytes(100)) =>
  (await room.blobs.put(Readable.from([bytes], { objectMode: false }))).digest;
const exists = async (digest: string) => (await room.blobs.stat(digest)) !== undefined;

async function artifact(
  digest: string,
  more: { retention_until?: Date; job_id?: string } = {},
): Promise<string> {
  const id = newId();
  await room.database.db
    .insertInto('artifact')
    .values({
      id,
      project_id: project,
      name: id,
      kind: 'upload',
      digest,
      size: 100,
      media_type: 'image/png',
      ...more,
    })
    .execute();
  return id;
}

describe('the sweep', () => {
  it('deletes bytes without references, after the grace and not before', async () => {
    const lonely = await put();
    await run();
    await run();
    expect(await exists(lonely)).toBe(true);
    await twoHoursLater();
    expect((await run()).deletedBlobs).toBeGreaterThanOrEqual(1);
    expect(await exists(lonely)).toBe(false);
    const rows = await room.database.db
      .selectFrom('blob')
      .select('digest')
      .where('digest', '=', lonely)
      .execute();
    expect(rows).toEqual([]);
  });

  it('never deletes what an artifact, an output, a log or an open task refers to', async () => {
    const { db } = room.database;
    const [ofArtifact, ofOutput, ofLog, ofTask] = [await put(), await put(), await put(), await put()];
    await artifact(ofArtifact);
    const open = await room.allocation(project, [{ name: 'in.glb', digest: ofTask, size: 100 }]);
    await db
      .insertInto('staged_output')
      .values({ allocation_id: open.id, name: 'o', digest: ofOutput, size: 100 })
      .execute();
    await db
      .insertInto('log_chunk')
      .values({ allocation_id: open.id, stream: 'stdout', position: 0, length: 100, digest: ofLog })
      .execute();
    for (let round = 0; round < 3; round += 1) {
      await run();
      await twoHoursLater();
    }
    for (const digest of [ofArtifact, ofOutput, ofLog, ofTask]) expect(await exists(digest)).toBe(true);
    // The task ends: its input has no other reference.
    await db.updateTable('task').set({ state: 'succeeded' }).where('id', '=', open.taskId).execute();
    await run();
    await twoHoursLater();
    await run();
    expect([await exists(ofTask), await exists(ofArtifact)]).toEqual([false, true]);
  });

  it('spares bytes that were stored again or referred to again during the grace', async () => {
    const again = randomBytes(100);
    const digest = await put(again);
    const other = await put();
    await run();
    await twoHoursLater();
    await put(again);
    await artifact(other);
    await run();
    expect([await exists(digest), await exists(other)]).toEqual([true, true]);
  });

  it('survives a race with somebody who stores the very bytes that it deletes', async () => {
    for (let round = 0; round < 15; round += 1) {
      const bytes = randomBytes(100);
      const digest = await put(bytes);
      await run();
      await twoHoursLater();
      const storing = (async () => {
        await put(bytes);
        return artifact(digest);
      })();
      await Promise.all([storing, run()]);
      expect(await exists(digest)).toBe(true);
    }
  });

  it('lets artifacts go past their retention, but not while their job is at work', async () => {
    const past = new Date(Date.now() - 1_000);
    const { db } = room.database;
    const open = await room.allocation(project);
    const digest = await put();
    const expired = await artifact(digest, { retention_until: past });
    const atWork = await artifact(digest, { retention_until: past, job_id: open.jobId });
    const later = await artifact(digest, { retention_until: new Date(Date.now() + HOUR) });
    expect((await run()).expiredArtifacts).toBe(1);
    const alive = async () =>
      (
        await db
          .selectFrom('artifact')
          .select('id')
          .where('deleted_at', 'is', null)
          .where('digest', '=', digest)
          .orderBy('id')
          .execute()
      ).map(({ id }) => id);
    expect(await alive()).toEqual([atWork, later].toSorted());
    const events = await db.selectFrom('event').select('kind').where('subject_id', '=', expired).execute();
    expect(events).toEqual([{ kind: 'artifact.removed' }]);
    await twoHoursLater();
    expect((await run()).forgottenArtifacts).toBe(1);
    await db.updateTable('job').set({ ended_at: new Date() }).where('id', '=', open.jobId).execute();
    expect((await run()).expiredArtifacts).toBe(1);
  });

  it('is not held up by a deleted artifact that a workload’s table still refers to', async () => {
    const { db } = room.database;
    await sql`CREATE TABLE test_library (artifact_id uuid REFERENCES artifact)`.execute(db);
    const [kept, gone] = [await artifact(await put()), await artifact(await put())];
    await sql`INSERT INTO test_library VALUES (${kept})`.execute(db);
    await db
      .updateTable('artifact')
      .set({ deleted_at: new Date() })
      .where('id', 'in', [kept, gone])
      .execute();
    await twoHoursLater();
    await run();
    const left = await db.selectFrom('artifact').select('id').where('id', 'in', [kept, gone]).execute();
    expect(left).toEqual([{ id: kept }]);
    await sql`DROP TABLE test_library`.execute(db);
  });

  it('forgets outputs that no report named, and uploads that were given up', async () => {
    const { db } = room.database;
    const of = await room.allocation(project);
    const digest = await put();
    await db
      .insertInto('staged_output')
      .values({ allocation_id: of.id, name: 'o', digest, size: 100 })
      .execute();
    await twoHoursLater();
    await run();
    expect(
      await db.selectFrom('staged_output').select('name').where('allocation_id', '=', of.id).execute(),
    ).toHaveLength(1);
    await db
      .updateTable('allocation')
      .set({ state: 'ended', outcome: 'lost', ended_at: new Date() })
      .where('id', '=', of.id)
      .execute();
    await run();
    expect(
      await db.selectFrom('staged_output').select('name').where('allocation_id', '=', of.id).execute(),
    ).toEqual([]);

    const upload = newId();
    await room.blobs.pieces.begin(upload);
    await db
      .insertInto('upload')
      .values({
        id: upload,
        project_id: project,
        actor_id: null,
        name: 'u',
        media_type: 'x/y',
        size: 5,
        claimed_digest: null,
        digest: null,
      })
      .execute();
    expect((await run()).abandonedUploads).toBe(0);
    await sql`UPDATE upload SET created_at = now() - interval '2 days' WHERE id = ${upload}`.execute(db);
    expect((await run()).abandonedUploads).toBe(1);
    expect(await room.blobs.pieces.received(upload)).toBeUndefined();
  });

  it('frees the pieces of outputs that nobody sends any more, and spares uploads that are open', async () => {
    const [output, upload] = [newId(), newId()];
    const { db } = room.database;
    await db
      .insertInto('upload')
      .values({
        id: upload,
        project_id: project,
        actor_id: null,
        name: 'u',
        media_type: 'x/y',
        size: 5,
        claimed_digest: null,
        digest: null,
      })
      .execute();
    for (const id of [output, upload]) {
      await room.blobs.pieces.begin(id);
      const path = join(room.directory, 'pieces', id);
      await utimes(path, new Date(), new Date(Date.now() - 2 * HOUR));
    }
    await run();
    expect(await room.blobs.pieces.received(output)).toBeUndefined();
    expect(await room.blobs.pieces.received(upload)).toBe(0);
  });

  it('forgets logs of attempts that nobody knows any more', async () => {
    const { db } = room.database;
    const known = await room.allocation(project);
    const digest = await put();
    for (const allocation_id of [known.id, newId()]) {
      await db
        .insertInto('log_chunk')
        .values({ allocation_id, stream: 'stdout', position: 0, length: 100, digest })
        .execute();
    }
    await sql`UPDATE log_chunk SET created_at = created_at - interval '2 hours'`.execute(db);
    await run();
    const left = await db
      .selectFrom('log_chunk')
      .select('allocation_id')
      .where('digest', '=', digest)
      .execute();
    expect(left).toEqual([{ allocation_id: known.id }]);
  });

  it('deletes nothing once it has lost the leadership', async () => {
    const digest = await put();
    await run();
    await twoHoursLater();
    await room.database.db
      .updateTable('leader')
      .set({ holder: 'another/replica', until: new Date(Date.now() + HOUR) })
      .execute();
    await expect(room.artifacts.sweepNow()).rejects.toMatchObject({ code: 'lease_lost' });
    expect(await exists(digest)).toBe(true);
    expect(sha256(Buffer.concat(await (await room.blobs.get(digest)).toArray()))).toBe(digest);
  });
});
