import { Readable } from 'node:stream';
import { type LogTailResult, newId } from '@backlot/contract';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LogDeps, readLog } from './read-log.ts';

/** Byte for byte, also what is no text. */
const log = Buffer.concat([
  Buffer.from('frame 1\n'),
  Buffer.from([0xff, 0xfe, 0x00]),
  Buffer.from('frame 2\n'),
]);
let database: TestDatabase;
let allocationId: string;
const digest = (part: number) => String(part).padStart(64, '0');
/** Uploaded in two pieces; the end is still on the node. */
const pieces = [log.subarray(0, 8), log.subarray(8, 12)];

beforeAll(async () => {
  database = await createTestDatabase();
  const { db } = database;
  const [projectId, nodeId, taskId] = [newId(), newId(), newId()];
  allocationId = newId();
  await db.insertInto('project').values({ id: projectId, slug: 'p', name: 'P' }).execute();
  await db.insertInto('node').values({ id: nodeId, name: 'n', public_key: 'k', pool: 'default' }).execute();
  await db
    .insertInto('task')
    .values({
      id: taskId,
      project_id: projectId,
      key: 'a',
      kind: 'a.b',
      class: 'batch',
      state: 'running',
      spec: '{}',
    })
    .execute();
  await db
    .insertInto('allocation')
    .values({
      id: allocationId,
      task_id: taskId,
      project_id: projectId,
      node_id: nodeId,
      node_epoch: 1,
      state: 'running',
      attempt: 1,
      class: 'batch',
      resources: '{}',
      offer_until: new Date(),
    })
    .execute();
  let position = 0;
  for (const [part, bytes] of pieces.entries()) {
    await db
      .insertInto('blob')
      .values({ digest: digest(part), size: bytes.length })
      .execute();
    await db
      .insertInto('log_chunk')
      .values({
        allocation_id: allocationId,
        stream: 'stdout',
        position,
        length: bytes.length,
        digest: digest(part),
      })
      .execute();
    position += bytes.length;
  }
});
afterAll(() => database?.close());

/** The real database; the bytes and the node are stood in for, because what is tested is where they are looked for. */
const deps = (connected: boolean): LogDeps => ({
  db: database.db,
  blobs: {
    get: async (name, range) => {
      const bytes = pieces[Number(name)] ?? Buffer.alloc(0);
      return Readable.from([bytes.subarray(range?.start ?? 0, (range?.end ?? bytes.length) + 1)]);
    },
  },
  nodes: () => ({
    connected: () => connected,
    send: () => false,
    call: async (_node, call) => {
      const { from } = call.payload as { from: number };
      return {
        position: from,
        data: log.subarray(from).toString('base64'),
        size: log.length,
      } satisfies LogTailResult;
    },
  }),
});
const question = (from: number, limit = 1000) => ({ allocationId, stream: 'stdout' as const, from, limit });

describe('a log', () => {
  it('is read across its pieces and on to the node, byte for byte', async () => {
    const parts: Buffer[] = [];
    let from = 0;
    for (let i = 0; i < 5 && from < log.length; i += 1) {
      const piece = await readLog(deps(true), question(from));
      parts.push(piece.bytes);
      from = piece.next;
      expect(piece.ended).toBe(false);
    }
    expect(Buffer.concat(parts)).toEqual(log);
  });

  it('is cut where it is asked to be, in the middle of pieces', async () => {
    for (let from = 0; from < 12; from += 1) {
      const piece = await readLog(deps(true), question(from, 3));
      expect(piece.bytes).toEqual(log.subarray(from, Math.min(from + 3, 12)));
    }
  });

  it('has an end that is counted from the back', async () => {
    const piece = await readLog(deps(true), question(-8));
    expect(piece.bytes.toString()).toContain('frame 2'.slice(0, 1));
    expect(piece.from).toBe(log.length - 8);
  });

  it('says which node hides its end, and hides nothing else', async () => {
    expect((await readLog(deps(false), question(0))).bytes).toEqual(log.subarray(0, 12));
    await expect(readLog(deps(false), question(12))).rejects.toMatchObject({ code: 'log_not_available' });
    await expect(readLog(deps(true), { ...question(0), allocationId: newId() })).rejects.toMatchObject({
      code: 'not_found',
    });
  });
});
