import { randomBytes } from 'node:crypto';
import { type Call, newId, systemClock } from '@backlot/contract';
import { holdingsMethods } from '@backlot/contract/holdings';
import { sql } from 'kysely';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEventLog } from '../../events/event-log.ts';
import { createLocalFabric } from '../../fabric/local-fabric.ts';
import { systemActor } from '../../kernel.ts';
import { createPipes } from '../../pipes/create-pipes.ts';
import { openTestRoom, type TestRoom } from '../testing/room.ts';
import { createHeldBytes } from './held-bytes.ts';
import { tellHolders } from './tell-holders.ts';

const log = pino({ level: 'silent' });
const events = createEventLog(createLocalFabric({ log }));
const signal = new AbortController().signal;
let room: TestRoom;
let project: string;

beforeAll(async () => {
  room = await openTestRoom();
  project = await room.project();
});
afterAll(() => room.close());

/** What nodes answer; by default what they are asked for. */
type Answer = (call: Call, digest: string) => object;
const obedient: Answer = ({ method }) => ({ state: method === holdingsMethods.trash ? 'trashed' : 'held' });

/** Tells nodes, and says which calls they got about a digest. */
async function tell(about: string, answer: Answer = obedient): Promise<string[]> {
  const asked: string[] = [];
  await sql`UPDATE artifact_holder SET ask_at = now()`.execute(room.database.db);
  const call = async (_node: string, request: Call) => {
    const { digests } = request.payload as { digests: string[] };
    if (digests.includes(about)) asked.push(request.method);
    return { holdings: digests.map((digest) => ({ digest, ...answer(request, digest) })) };
  };
  const nodes = () => ({ connected: () => true, call });
  const { store } = room.database;
  await tellHolders({ store, nodes, events, log, guard: async () => undefined, graceMs: 3_600_000 }, signal);
  return asked;
}

async function owner() {
  const { id, jobId, taskId } = await room.allocation(project);
  const { node_id: nodeId } = await room.database.db
    .selectFrom('allocation')
    .select('node_id')
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  return { projectId: project, jobId, taskId, allocationId: id, nodeId };
}
type Owner = Awaited<ReturnType<typeof owner>>;

const commit = (of: Owner, digest: string, name: string = newId()) =>
  room.database.store.transaction((tx) =>
    room.artifacts.commitHeld(tx, [
      {
        owner: of,
        output: { name, kind: 'segment', digest, size: 10, mediaType: 'x/y', meta: {}, held: true },
      },
    ]),
  );
const trash = (ids: string[]) =>
  room.database.store.transaction((tx) => room.artifacts.trash(tx, ids, systemActor));
const newDigest = () => randomBytes(32).toString('hex');
async function holder(digest: string): Promise<string | undefined> {
  const { rows } = await sql<{ state: string }>`
    SELECT state FROM artifact_holder WHERE digest = ${digest}`.execute(room.database.db);
  return rows[0]?.state;
}
const lost = async (id: string) =>
  (
    await sql`SELECT body FROM event WHERE kind = 'artifact.lost' AND subject_id = ${id}`.execute(
      room.database.db,
    )
  ).rows.length;
async function made(of: Owner, digest: string): Promise<string> {
  const [artifact] = await commit(of, digest);
  if (!artifact) throw new Error('It is none.');
  return artifact.id;
}

describe('bytes that a node holds', () => {
  it.each(['trashing', 'trashed'])('stay for a new artifact when those of another are %s', async (state) => {
    const [of, digest] = [await owner(), newDigest()];
    await trash([await made(of, digest)]);
    if (state === 'trashed') await tell(digest);
    expect(await holder(digest)).toBe(state);
    const again = await commit(of, digest);
    expect(again).toHaveLength(1);
    expect(await holder(digest)).toBe('restoring');
    expect(await tell(digest)).toEqual([holdingsMethods.restore]);
    expect(await holder(digest)).toBe('held');
    expect((await room.artifacts.get(again[0]?.id ?? '')).holders).toEqual([of.nodeId]);
  });

  it('are thrown away once more when they are only told again', async () => {
    const [of, digest] = [await owner(), newDigest()];
    await trash((await commit(of, digest, 'one')).map(({ id }) => id));
    await tell(digest);
    expect(await commit(of, digest, 'one')).toEqual([]);
    expect(await tell(digest)).toEqual([holdingsMethods.trash]);
    expect(await holder(digest)).toBe('trashed');
  });

  it('are taken back when an artifact of them appeared while the node was told', async () => {
    const [of, digest] = [await owner(), newDigest()];
    await made(of, digest);
    for (const state of ['trashing', 'trashed']) {
      await sql`UPDATE artifact_holder SET state = ${state} WHERE digest = ${digest}`.execute(
        room.database.db,
      );
      expect(await tell(digest)).toEqual([holdingsMethods.restore]);
      expect(await holder(digest)).toBe('held');
    }
  });

  it('stay when one artifact is made while another is deleted', async () => {
    const [of, digest] = [await owner(), newDigest()];
    const old = await made(of, digest);
    let deleting: Promise<void> | undefined;
    await room.database.store.transaction(async (tx) => {
      await room.artifacts.commitHeld(tx, [
        {
          owner: of,
          output: { name: 'b', kind: 'segment', digest, size: 10, mediaType: 'x/y', meta: {}, held: true },
        },
      ]);
      deleting = trash([old]);
      // Either it waits for us, or it is through before we are: both are seen.
      await Promise.race([deleting, systemClock.sleep(300)]);
    });
    await deleting;
    expect(await holder(digest)).toBe('held');
  });

  it('are discarded when no artifact is left of them, or a later attempt has put others in their place', async () => {
    const [of, forgotten, needed] = [await owner(), newDigest(), newDigest()];
    const { db } = room.database;
    const ids = [await made(of, forgotten), await made(of, needed)];
    await room.allocation(project, [{ name: 'in', digest: needed, size: 10 }]);
    await sql`DELETE FROM artifact WHERE id = ANY(${ids}::uuid[])`.execute(db);
    const [before, after] = [newDigest(), newDigest()];
    await commit(of, before, 'same');
    await commit(of, after, 'same');
    await tell(forgotten);
    expect(await holder(forgotten)).toBe('trashed');
    expect(await holder(before)).toBe('trashed');
    expect(await holder(after)).toBe('held');
    expect(await holder(needed)).toBe('held');
  });

  it('are told as lost when the node has nothing to take back', async () => {
    const [of, digest] = [await owner(), newDigest()];
    await trash([await made(of, digest)]);
    await tell(digest);
    const again = await made(of, digest);
    await tell(digest, () => ({ state: 'gone' }));
    expect(await holder(digest)).toBeUndefined();
    expect(await lost(again)).toBe(1);
    expect((await room.artifacts.get(again)).holders).toEqual([]);
  });

  describe('and are read', () => {
    const read = (digest: string, answer: () => Promise<object>) => {
      const pipes = createPipes(systemClock);
      const { store } = room.database;
      const nodes = () => ({ connected: () => true, call: answer });
      return createHeldBytes({ store, events, blobs: room.blobs, pipes, nodes, log })(digest);
    };

    it.each([{ found: false }, { found: true, size: 9 }])('are lost when it answers %o', async (answer) => {
      const [of, digest] = [await owner(), newDigest()];
      const id = await made(of, digest);
      await expect(read(digest, async () => answer)).rejects.toMatchObject({ code: 'blob_missing' });
      expect(await holder(digest)).toBeUndefined();
      expect(await lost(id)).toBe(1);
      expect((await room.artifacts.get(id)).holders).toEqual([]);
    });

    it('stay believed when it does not answer, or has told them again meanwhile', async () => {
      const [of, digest] = [await owner(), newDigest()];
      const id = await made(of, digest);
      await expect(read(digest, () => Promise.reject(new Error('away')))).rejects.toMatchObject({
        code: 'holder_away',
      });
      const toldAgain = async () => {
        await commit(of, digest);
        return { found: false };
      };
      await expect(read(digest, toldAgain)).rejects.toThrow();
      expect(await holder(digest)).toBe('held');
      expect(await lost(id)).toBe(0);
    });
  });
});
