import { newId } from '@backlot/contract';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { factKinds } from '../../contract/facts.ts';
import { FILM_KIND } from '../../contract/segment.ts';
import { openRecordingsHouse, type RecordingsHouse } from '../testing/recordings-house.ts';
import { restoreBroadcast, trashBroadcast } from './trash-broadcast.ts';

const start = Date.parse('2026-11-20T20:00:00Z');
const hour = 3_600_000;

let house: RecordingsHouse;
beforeAll(async () => {
  house = await openRecordingsHouse();
  await house.node();
});
afterAll(() => house.close());

/** A broadcast that is over: two segments, and a film of them. */
async function ended() {
  const channelId = await house.channel();
  const attempt = await house.running(channelId);
  const [broadcast, take] = [newId(start), newId()];
  const tell = (kind: string, body: object, at = start) =>
    house.fact(attempt, kind, { channelId, broadcast, ...body }, at);
  await tell(factKinds.broadcastStarted, { startedWall: start, title: 'Evening' });
  const segments: string[] = [];
  for (const number of [1, 2]) {
    const from = start + (number - 1) * 10_000;
    segments.push(
      await house.segment(attempt, `t${take}/s${number}.flv`, {
        ...{ broadcast, take, takeNumber: 1, number, part: 1, run: 1, container: 'flv', baseMs: 0 },
        ...{ firstMs: from - start, lastMs: from - start + 10_000, firstWall: from, lastWall: from + 10_000 },
        ...{ videoFrames: 300, audioFrames: 400, keyframes: 5, startsWithKeyframe: true, bytes: 1_000 },
        ...{ codecs: ['h264'], width: 1280, height: 720, gaps: [], repairs: [] },
      }),
    );
  }
  const film = await house.file(attempt, FILM_KIND, { broadcast });
  const at = start + 20_000;
  const counted = { lossMs: 0, takes: 1, segments: 2, bytes: 2_000 };
  await tell(factKinds.broadcastEnded, { why: 'silence', startedWall: start, endedWall: at, ...counted }, at);
  return { id: broadcast, segments, film };
}

const trash = (id: string) => trashBroadcast(house.kernel, id, house.core.actor);
const restore = (id: string) => restoreBroadcast(house.kernel, id, house.core.actor);
const untilOf = async (id: string) => (await house.broadcasts.get(id)).restorableUntil;
const inTrash = async (ids: readonly string[]) => {
  const { rows } = await sql<{ count: number }>`
    SELECT count(*)::int AS count FROM artifact WHERE id = ANY(${[...ids]}::uuid[]) AND deleted_at IS NOT NULL
  `.execute(house.kernel.db);
  return rows[0]?.count;
};
/** What was thrown away at the same time as the broadcast now was so long ago. */
const age = (id: string, ms: number) =>
  sql`
  WITH aged AS (
    UPDATE artifact a SET deleted_at = a.deleted_at - ${ms} * interval '1 millisecond'
    FROM recordings_broadcast b WHERE b.id = ${id} AND a.deleted_at = b.removed_at)
  UPDATE recordings_broadcast SET removed_at = removed_at - ${ms} * interval '1 millisecond' WHERE id = ${id}
`.execute(house.kernel.db);

describe('a broadcast in the trash', () => {
  it('says until when it can be taken back, and only then', async () => {
    const { id, segments, film } = await ended();
    expect(await untilOf(id)).toBeNull();
    await trash(id);
    const until = Date.parse((await untilOf(id)) ?? '');
    const { rows } = await sql<{ at: Date }>`
      SELECT removed_at + interval '24 hours' AS at FROM recordings_broadcast WHERE id = ${id}`.execute(
      house.kernel.db,
    );
    expect(until).toBe(rows[0]?.at.getTime());
    const listed = await house.broadcasts.list({ limit: 10, state: 'removed' }, 'all');
    expect(listed.items.find((one) => one.id === id)?.restorableUntil).toBe(new Date(until).toISOString());
    await age(id, 23 * hour);
    expect(Date.parse((await untilOf(id)) ?? '')).toBe(until - 23 * hour);
    await restore(id);
    expect(await untilOf(id)).toBeNull();
    expect((await house.broadcasts.get(id)).state).toBe('ended');
    expect(await inTrash([...segments, film])).toBe(0);
  });

  it.each([
    ['before it is emptied', false],
    ['when it is emptied', true],
  ])(
    'is gone for good after a day, %s: it is not to be taken back as one without files',
    async (_when, emptied) => {
      const { id, segments, film } = await ended();
      await trash(id);
      await age(id, 24 * hour + 1_000);
      if (emptied) {
        await sql`DELETE FROM artifact WHERE id = ANY(${[...segments, film]}::uuid[])`.execute(
          house.kernel.db,
        );
      }
      expect(await house.broadcasts.get(id)).toMatchObject({ state: 'removed', restorableUntil: null });
      await expect(restore(id)).rejects.toMatchObject({ code: 'broadcast_gone' });
      expect((await house.broadcasts.get(id)).state).toBe('removed');
    },
  );

  it('comes back with what went with it: segments that a flow had deleted before neither come nor keep it there', async () => {
    const { id, segments, film } = await ended();
    const [gone = '', old = ''] = segments;
    // One that is forgotten already, and one that could be taken back by itself.
    await sql`DELETE FROM artifact WHERE id = ${gone}`.execute(house.kernel.db);
    await sql`UPDATE artifact SET deleted_at = now() - interval '1 hour' WHERE id = ${old}`.execute(
      house.kernel.db,
    );
    await trash(id);
    expect(await untilOf(id)).not.toBeNull();
    await restore(id);
    expect(await inTrash([film])).toBe(0);
    expect(await inTrash([old])).toBe(1);
  });

  it('comes back without what nobody holds any more, and not at all when that is everything', async () => {
    const lose = (ids: readonly string[]) =>
      sql`
      DELETE FROM artifact_holder WHERE digest IN (SELECT digest FROM artifact WHERE id = ANY(${[...ids]}::uuid[]))
    `.execute(house.kernel.db);
    const one = await ended();
    await trash(one.id);
    await lose(one.segments);
    await restore(one.id);
    expect(await inTrash([one.film])).toBe(0);
    const other = await ended();
    await trash(other.id);
    await lose([...other.segments, other.film]);
    expect(await untilOf(other.id)).toBeNull();
    await expect(restore(other.id)).rejects.toMatchObject({ code: 'broadcast_gone' });
  });
});
