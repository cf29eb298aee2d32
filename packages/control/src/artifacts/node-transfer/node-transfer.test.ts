import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { OutputProgress } from '@backlot/contract';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestRoom, sha256, type TestAllocation, type TestRoom } from '../testing/room.ts';
import { KeyLock } from './key-lock.ts';
import { contiguousEnd } from './log-chunks.ts';
import { outputUploadId } from './outputs.ts';

let room: TestRoom;
let project: string;
let allocation: TestAllocation;

beforeAll(async () => {
  room = await openTestRoom({ largestFile: 10_000_000, largestLog: 10_000 });
  project = await room.project(30);
  allocation = await room.allocation(project);
});
afterAll(() => room.close());

const base = (of = allocation) => `${room.url}/api/v1/node/allocations/${of.id}`;
const bearer = (of = allocation) => ({ authorization: `Bearer ${of.token}` });

interface Announced {
  readonly size: number;
  readonly sha256: string;
}
const announce = (bytes: Uint8Array): Announced => ({ size: bytes.byteLength, sha256: sha256(bytes) });

function put(name: string, offset: number, body: Uint8Array, announced: Announced, of = allocation) {
  const query = new URLSearchParams({
    offset: String(offset),
    size: String(announced.size),
    sha256: announced.sha256,
  });
  return fetch(`${base(of)}/outputs/${name}?${query}`, { method: 'PUT', headers: bearer(of), body });
}

async function head(name: string, announced: Announced, of = allocation) {
  const query = new URLSearchParams({ size: String(announced.size), sha256: announced.sha256 });
  const answer = await fetch(`${base(of)}/outputs/${name}?${query}`, { method: 'HEAD', headers: bearer(of) });
  return [answer.status, answer.headers.get('upload-offset'), answer.headers.get('upload-complete')];
}

const output = (name: string, { size, sha256: digest }: Announced) => ({
  name,
  kind: 'frame',
  digest,
  size,
  mediaType: 'image/png',
  meta: { frame: 1 },
});

const commit = (of: TestAllocation, name: string, announced: Announced) =>
  room.database.store.transaction((tx) =>
    room.artifacts.commit(
      tx,
      { projectId: project, jobId: of.jobId, taskId: of.taskId, allocationId: of.id },
      [output(name, announced)],
    ),
  );

describe('an output', () => {
  it('arrives in pieces, goes on after a restart, and becomes an artifact with its report, once', async () => {
    const bytes = randomBytes(50_000);
    const announced = announce(bytes);
    expect(await head('frames/0001.png', announced)).toEqual([200, '0', '?0']);
    const first = await put('frames/0001.png', 0, bytes.subarray(0, 20_000), announced);
    expect([first.status, await first.json()]).toEqual([200, { received: 20_000, complete: false }]);
    await expect(commit(allocation, 'frames/0001.png', announced)).rejects.toMatchObject({
      code: 'output_not_staged',
    });
    await room.restart();
    expect(await head('frames/0001.png', announced)).toEqual([200, '20000', '?0']);
    const last = await put('frames/0001.png', 20_000, bytes.subarray(20_000), announced);
    expect(await last.json()).toEqual({ received: 50_000, complete: true });
    expect(await head('frames/0001.png', announced)).toEqual([200, '50000', '?1']);

    expect(await commit(allocation, 'frames/0001.png', announced)).toEqual(['frames/0001.png']);
    expect(await commit(allocation, 'frames/0001.png', announced)).toEqual([]);
    const { db } = room.database;
    expect(await room.artifacts.committed(db, allocation.taskId)).toEqual(['frames/0001.png']);
    const row = await db
      .selectFrom('artifact')
      .selectAll()
      .where('task_id', '=', allocation.taskId)
      .executeTakeFirstOrThrow();
    expect(row).toMatchObject({ digest: announced.sha256, size: 50_000, meta: { frame: 1 }, kind: 'frame' });
    const days = ((row.retention_until?.getTime() ?? 0) - row.created_at.getTime()) / 86_400_000;
    expect(Math.round(days)).toBe(30);
    // Its bytes, once committed, are complete for whoever asks again.
    expect(await (await put('frames/0001.png', 0, bytes, announced)).json()).toEqual({
      received: 50_000,
      complete: true,
    });
  });

  it('is refused at a wrong place, and the answer says where to go on', async () => {
    const bytes = randomBytes(1_000);
    await put('a.png', 0, bytes.subarray(0, 400), announce(bytes));
    const wrong = await put('a.png', 100, bytes.subarray(100), announce(bytes));
    expect([wrong.status, await wrong.json()]).toEqual([
      409,
      expect.objectContaining({ code: 'upload_offset_mismatch', params: { expected: 400, found: 100 } }),
    ]);
    expect((await put('a.png', 400, bytes.subarray(400), announce(bytes))).status).toBe(200);
  });

  it('that lost its place after the last byte is whole again with an empty last piece', async () => {
    // As when the database goes away between the bytes and the row that stands for them.
    const bytes = randomBytes(700);
    const announced = announce(bytes);
    const { id } = allocation;
    const upload = outputUploadId(id, { name: 'late.png', digest: announced.sha256, size: announced.size });
    await room.blobs.pieces.begin(upload);
    await room.blobs.pieces.append(upload, 0, Readable.from([bytes]), bytes.byteLength);
    expect(await head('late.png', announced)).toEqual([200, '700', '?0']);
    await expect(commit(allocation, 'late.png', announced)).rejects.toMatchObject({
      code: 'output_not_staged',
    });
    const last = await put('late.png', 700, new Uint8Array(), announced);
    expect(await last.json()).toEqual({ received: 700, complete: true });
    expect(await commit(allocation, 'late.png', announced)).toEqual(['late.png']);
  });

  it('is refused when its bytes are not those announced, and starts anew', async () => {
    const bytes = randomBytes(1_000);
    const announced = announce(randomBytes(1_000));
    const wrong = await put('b.png', 0, bytes, announced);
    expect([wrong.status, await wrong.json()]).toEqual([
      422,
      expect.objectContaining({ code: 'digest_mismatch' }),
    ]);
    expect(await head('b.png', announced)).toEqual([200, '0', '?0']);
    const long = await put('b.png', 0, randomBytes(2_000), announced);
    expect([long.status, await long.json()]).toEqual([
      413,
      expect.objectContaining({ code: 'upload_too_large' }),
    ]);
  });

  it('may be made again, a little different, until it is committed; then the committed one stands', async () => {
    const of = await room.allocation(project);
    const [first, second, third] = [randomBytes(100), randomBytes(100), randomBytes(100)];
    expect((await put('c.png', 0, first, announce(first), of)).status).toBe(200);
    expect((await put('c.png', 0, second, announce(second), of)).status).toBe(200);
    await expect(commit(of, 'c.png', announce(first))).rejects.toMatchObject({ code: 'output_not_staged' });
    expect(await commit(of, 'c.png', announce(second))).toEqual(['c.png']);
    const late = await put('c.png', 0, third, announce(third), of);
    expect(await late.json()).toEqual({ received: 100, complete: true });
    expect(await commit(of, 'c.png', announce(third))).toEqual([]);
    const { db } = room.database;
    const rows = await db.selectFrom('artifact').select('digest').where('task_id', '=', of.taskId).execute();
    expect(rows).toEqual([{ digest: sha256(second) }]);
  });

  it('of an allocation that has ended, or of an older fence, is refused', async () => {
    const of = await room.allocation(project);
    const bytes = randomBytes(10);
    const { db } = room.database;
    await db
      .updateTable('allocation')
      .set({ state: 'ended', outcome: 'lost', ended_at: new Date() })
      .where('id', '=', of.id)
      .execute();
    const ended = await put('d.png', 0, bytes, announce(bytes), of);
    expect([ended.status, await ended.json()]).toEqual([
      409,
      expect.objectContaining({ code: 'stale_fence' }),
    ]);
    const fenced = await room.allocation(project);
    await db.updateTable('allocation').set({ fence: 1_000_000 }).where('id', '=', fenced.id).execute();
    expect((await put('d.png', 0, bytes, announce(bytes), fenced)).status).toBe(409);
  });

  it('can’t be brought under another allocation, nor without a token, nor by a person', async () => {
    const other = await room.allocation(project);
    const bytes = randomBytes(10);
    const query = new URLSearchParams({ size: '10', sha256: sha256(bytes) });
    const path = `${base(other)}/outputs/x.png?${query}`;
    const as = async (headers: Record<string, string>) =>
      (await fetch(path, { method: 'PUT', headers, body: bytes })).status;
    expect(await as(bearer(allocation))).toBe(404);
    expect(await as({})).toBe(401);
    expect(await as({ authorization: `Bearer ${await room.person(project, 'admin')}` })).toBe(401);
  });

  it('has a name of our making', async () => {
    const bytes = randomBytes(10);
    for (const name of ['../up.png', '.hidden', 'a/b/c/d.png', 'a%2f..%2fb', 'ü.png', 'a//b']) {
      const answer = await put(name, 0, bytes, announce(bytes));
      expect([400, 404]).toContain(answer.status);
    }
    expect((await put('x.png', 0, bytes, { size: -1, sha256: sha256(bytes) })).status).toBe(400);
    expect((await put('x.png', 0, bytes, { size: 10, sha256: 'nope' })).status).toBe(400);
  });

  it('that is sent twice at the same time arrives once', async () => {
    const bytes = randomBytes(2_000_000);
    const answers = await Promise.all([1, 2, 3].map(() => put('twice.png', 0, bytes, announce(bytes))));
    const complete = [];
    for (const answer of answers) {
      const body: unknown = await answer.json();
      if (answer.status === 200) complete.push(OutputProgress.parse(body));
    }
    expect(complete.length).toBeGreaterThan(0);
    expect(complete.every((progress) => progress.complete)).toBe(true);
    expect(await head('twice.png', announce(bytes))).toEqual([200, '2000000', '?1']);
  });
});

describe('an input', () => {
  it('is given to the allocation whose task names it, whole or by range, and to no other', async () => {
    const bytes = randomBytes(30_000);
    const { digest, size } = await room.blobs.put(Readable.from([bytes], { objectMode: false }));
    const of = await room.allocation(project, [{ name: 'scene.glb', digest, size }]);
    const get = (whose: TestAllocation, headers: Record<string, string> = {}) =>
      fetch(`${base(whose)}/inputs/${digest}`, { headers: { ...bearer(whose), ...headers } });
    const whole = await get(of);
    expect([whole.status, whole.headers.get('etag')]).toEqual([200, `"${digest}"`]);
    expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true);
    const rest = await get(of, { range: 'bytes=20000-' });
    expect(rest.status).toBe(206);
    expect(Buffer.from(await rest.arrayBuffer()).equals(bytes.subarray(20_000))).toBe(true);
    const other = await get(allocation);
    expect([other.status, await other.json()]).toEqual([
      404,
      expect.objectContaining({ code: 'blob_missing' }),
    ]);
  });
});

describe('a log', () => {
  const putLog = async (position: number, text: string | Uint8Array, stream = 'stdout', of = allocation) => {
    const answer = await fetch(`${base(of)}/logs/${stream}/${position}`, {
      method: 'PUT',
      headers: bearer(of),
      body: text,
    });
    return [answer.status, await answer.json()] as const;
  };

  it('is kept piece by piece; gaps, repeats and other cuts are told by where to go on', async () => {
    expect(await putLog(0, 'hello ')).toEqual([200, { next: 6 }]);
    expect(await putLog(20, 'later')).toEqual([200, { next: 6 }]);
    expect(await putLog(6, 'world')).toEqual([200, { next: 11 }]);
    expect(await putLog(0, 'hello ')).toEqual([200, { next: 11 }]);
    expect(await putLog(6, 'world, and more')).toEqual([200, { next: 25 }]);
    expect(await putLog(6, 'world')).toEqual([200, { next: 25 }]);
    expect(await putLog(0, Buffer.from([0xff, 0xfe, 0x00]), 'stderr')).toEqual([200, { next: 3 }]);
    const rows = await room.database.db
      .selectFrom('log_chunk')
      .select(['position', 'length'])
      .where('allocation_id', '=', allocation.id)
      .where('stream', '=', 'stdout')
      .orderBy('position')
      .execute();
    expect(rows).toEqual([
      { position: 0, length: 6 },
      { position: 6, length: 15 },
      { position: 20, length: 5 },
    ]);
  });

  it('has an end, and pieces a size', async () => {
    const of = await room.allocation(project);
    expect(await putLog(5_000_000, 'x'.repeat(10_000), 'stdout', of)).toEqual([200, { next: 0 }]);
    expect(await putLog(0, 'x', 'stderr', of)).toEqual([200, { next: 1 }]);
    expect(await putLog(0, 'x', 'stdout', of)).toEqual([
      413,
      expect.objectContaining({ code: 'too_many_logs' }),
    ]);
    const big = await putLog(0, Buffer.alloc(1024 * 1024 + 1), 'stdout', of);
    expect(big).toEqual([413, expect.objectContaining({ code: 'payload_too_large' })]);
    expect((await putLog(0, 'x', 'stdin', of))[0]).toBe(400);
    expect((await putLog(-1, 'x', 'stdout', of))[0]).toBe(400);
  });

  it('is still taken after the end of its allocation', async () => {
    const of = await room.allocation(project);
    await room.database.db
      .updateTable('allocation')
      .set({ state: 'ended', outcome: 'failed', ended_at: new Date() })
      .where('id', '=', of.id)
      .execute();
    expect(await putLog(0, 'last words', 'stderr', of)).toEqual([200, { next: 10 }]);
  });
});

describe('decisions of the transfer', () => {
  it('a stretch without a gap ends at the first missing byte', () => {
    const stretch = fc.record({ position: fc.nat(60), length: fc.integer({ min: 1, max: 10 }) });
    fc.assert(
      fc.property(fc.array(stretch), (stretches) => {
        const kept = new Set(
          stretches.flatMap(({ position, length }) => Array.from({ length }, (_, n) => position + n)),
        );
        let expected = 0;
        while (kept.has(expected)) expected += 1;
        expect(contiguousEnd(stretches)).toBe(expected);
      }),
    );
  });

  it('an upload’s id follows from what is uploaded, and has the form of a UUID', () => {
    const a = outputUploadId('1', { name: 'a', digest: 'd', size: 1 });
    expect(a).toBe(outputUploadId('1', { name: 'a', digest: 'd', size: 1 }));
    expect(a).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
    const others = [
      outputUploadId('2', { name: 'a', digest: 'd', size: 1 }),
      outputUploadId('1', { name: 'b', digest: 'd', size: 1 }),
      outputUploadId('1', { name: 'a', digest: 'e', size: 1 }),
      outputUploadId('1', { name: 'a', digest: 'd', size: 2 }),
    ];
    expect(new Set([a, ...others]).size).toBe(5);
  });

  it('work on one key is done one after the other, work on others is not held up, failures pass on', async () => {
    const lock = new KeyLock();
    const log: string[] = [];
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const first = lock.run('a', async () => {
      await gate;
      log.push('first');
      throw new Error('failed');
    });
    const second = lock.run('a', async () => void log.push('second'));
    await lock.run('b', async () => void log.push('other'));
    open();
    await expect(first).rejects.toThrow('failed');
    await second;
    expect(log).toEqual(['other', 'first', 'second']);
  });
});
