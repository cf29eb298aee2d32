import { newId } from '@backlot/contract';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHAT_KIND, CHAT_SUBTITLES_KIND, FILM_CHAT_KIND } from '../../contract/chat.ts';
import { factKinds } from '../../contract/facts.ts';
import { broadcastEndedTrigger } from '../flows/triggers.ts';
import { openRecordingsHouse, type RecordingsHouse } from '../testing/recordings-house.ts';
import { applyRetention } from './retention-sweep.ts';
import { makeRoom } from './room-sweep.ts';
import { restoreBroadcast, trashBroadcast } from './trash-broadcast.ts';

let house: RecordingsHouse;
beforeAll(async () => {
  house = await openRecordingsHouse();
  await house.node();
  await house.node();
});
afterAll(() => house.close());

type Attempt = Awaited<ReturnType<RecordingsHouse['running']>>;
const start = Date.parse('2026-11-20T20:00:00Z');

/** One recorder of one broadcast, with all that it tells. */
function recorder(attempt: Attempt, channelId: string, broadcast = newId(start)) {
  const take = newId();
  let number = 0;
  return {
    broadcast,
    take,
    begin: (at: number) =>
      house.fact(
        attempt,
        factKinds.broadcastStarted,
        { channelId, broadcast, startedWall: at, title: 'Evening' },
        at,
      ),
    takeStarted: (at: number, id = take) =>
      house.fact(
        attempt,
        factKinds.takeStarted,
        { channelId, broadcast, take: id, number: 1, address: 'x' },
        at,
      ),
    takeEnded: (at: number, why: string, id = take) =>
      house.fact(attempt, factKinds.takeEnded, { channelId, broadcast, take: id, number: 1, why }, at),
    gap: (from: number, to: number) =>
      house.fact(
        attempt,
        factKinds.gap,
        { channelId, broadcast, fromWall: from, toWall: to, ms: to - from, why: 'reconnect' },
        to,
      ),
    segment: (from: number, to: number, id = take, gaps: readonly object[] = []) => {
      number += 1;
      return house.segment(attempt, `t${id}/s${number}.flv`, {
        broadcast,
        take: id,
        takeNumber: 1,
        number,
        part: 1,
        run: 1,
        container: 'flv',
        baseMs: 0,
        firstMs: from - start,
        lastMs: to - start,
        firstWall: from,
        lastWall: to,
        videoFrames: 300,
        audioFrames: 400,
        keyframes: 5,
        startsWithKeyframe: true,
        bytes: 1_000,
        codecs: ['h264', 'aac'],
        width: 1_280,
        height: 720,
        gaps,
        repairs: [],
      });
    },
    end: (at: number, more: object = {}) =>
      house.fact(
        attempt,
        factKinds.broadcastEnded,
        {
          channelId,
          broadcast,
          why: 'silence',
          startedWall: start,
          endedWall: at,
          lossMs: 0,
          takes: 1,
          segments: number,
          bytes: 1_000 * number,
          ...more,
        },
        at,
      ),
  };
}

const closed = async (id: string) =>
  (
    await house.kernel.db
      .selectFrom('event')
      .select('body')
      .where('kind', '=', 'recordings.broadcast.closed')
      .where('subject_id', '=', id)
      .execute()
  ).length;

/** What flows get of its end. */
async function fire(id: string) {
  const { kind, subject_id, body } = await house.kernel.db
    .selectFrom('event')
    .selectAll()
    .where('kind', '=', 'recordings.broadcast.closed')
    .where('subject_id', '=', id)
    .executeTakeFirstOrThrow();
  const subject = { kind: 'broadcast', id: subject_id ?? '' };
  const event = { seq: 1, id: newId(), projectId: house.projectId, kind, subject, body };
  return await broadcastEndedTrigger.fire?.(event, house.kernel);
}
const deleted = async (ids: readonly string[]) =>
  (
    await house.kernel.db
      .selectFrom('artifact')
      .select('id')
      .where('id', 'in', [...ids])
      .where('deleted_at', 'is not', null)
      .execute()
  ).length;

describe('a broadcast', () => {
  it('is what its recorder tells: takes, segments, holes, an end, once', async () => {
    const channel = await house.channel();
    const one = recorder(await house.running(channel), channel);
    await one.begin(start);
    await one.takeStarted(start);
    await one.segment(start, start + 10_000);
    await one.segment(start + 10_500, start + 20_000);
    await one.gap(start + 10_000, start + 10_500);
    await one.takeEnded(start + 20_000, 'closed');
    expect(await house.broadcasts.get(one.broadcast)).toMatchObject({
      state: 'live',
      title: 'Evening',
      lossMs: 500,
      segments: 2,
      takes: 1,
      bytes: 2_000,
      durationMs: 20_000,
      width: 1_280,
    });
    await one.end(start + 20_000);
    await one.end(start + 20_000);
    expect(await house.broadcasts.get(one.broadcast)).toMatchObject({
      state: 'ended',
      endedAt: new Date(start + 20_000).toISOString(),
    });
    expect(await closed(one.broadcast)).toBe(1);
    const timeline = await house.broadcasts.timeline(one.broadcast, house.core.actor);
    expect(timeline.segments).toHaveLength(2);
    expect(timeline.gaps).toMatchObject([{ ms: 500, why: 'reconnect' }]);
    expect(timeline.takes).toMatchObject([{ state: 'closed', why: 'closed' }]);
  });

  it('is the same in whatever order things are told, and told twice', async () => {
    const channel = await house.channel();
    const one = recorder(await house.running(channel), channel);
    const at = start + 3_600_000;
    await one.segment(at + 10_000, at + 20_000);
    await one.takeEnded(at + 30_000, 'closed');
    await one.gap(at + 20_000, at + 21_000);
    await one.takeStarted(at);
    await one.begin(at);
    await one.segment(at, at + 10_000);
    await one.begin(at);
    await one.gap(at + 20_000, at + 21_000);
    await one.end(at + 30_000);
    await one.segment(at + 21_000, at + 30_000);
    expect(await house.broadcasts.get(one.broadcast)).toMatchObject({
      state: 'ended',
      segments: 3,
      lossMs: 1_000,
      startedAt: new Date(at).toISOString(),
      durationMs: 30_000,
    });
    expect(await closed(one.broadcast)).toBe(1);
  });

  it('goes on at another node, and what the first one tells late belongs to it', async () => {
    const channel = await house.channel();
    const attempt = await house.running(channel);
    const [a, b] = [...house.core.fleet.nodes.keys()];
    const at = start + 7_200_000;
    const first = recorder({ ...attempt, nodeId: a ?? '' }, channel);
    const second = recorder({ ...attempt, nodeId: b ?? '', allocationId: newId() }, channel);
    await first.begin(at);
    await first.takeStarted(at);
    await first.segment(at, at + 10_000);
    // The node is lost; another takes over and misses what lies between.
    await second.begin(at + 16_000);
    await second.takeStarted(at + 16_000);
    await second.segment(at + 16_000, at + 30_000);
    await second.gap(at + 10_000, at + 16_000);
    expect(await house.broadcasts.get(first.broadcast)).toMatchObject({
      segments: 2,
      takes: 2,
      lossMs: 6_000,
    });
    await second.end(at + 30_000);
    // The first may still be writing: it is not over yet.
    expect((await house.broadcasts.get(first.broadcast)).state).toBe('live');
    await first.segment(at + 10_000, at + 14_000);
    expect((await house.broadcasts.get(first.broadcast)).lossMs).toBe(2_000);
    await first.takeEnded(at + 14_000, 'stopped');
    await first.end(at + 14_000);
    expect(await house.broadcasts.get(first.broadcast)).toMatchObject({ state: 'ended', segments: 3 });
    expect(await closed(first.broadcast)).toBe(1);
    await expect(house.broadcasts.get(second.broadcast)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('after another that its node has called over is a new one', async () => {
    const channel = await house.channel();
    const attempt = await house.running(channel);
    const at = start + 10_800_000;
    const first = recorder(attempt, channel);
    await first.begin(at);
    await first.segment(at, at + 10_000);
    await first.end(at + 10_000);
    const second = recorder(attempt, channel);
    await second.begin(at + 12_000);
    expect((await house.broadcasts.get(second.broadcast)).state).toBe('live');
    await second.segment(at + 12_000, at + 20_000);
    expect((await house.broadcasts.get(first.broadcast)).segments).toBe(1);
  });

  it('that nobody will end is ended by the silence, when its recorder has gone', async () => {
    const channel = await house.channel({ silenceMs: 1_000 });
    const one = recorder(await house.running(channel), channel);
    const at = start + 14_400_000;
    await one.begin(at);
    await one.takeStarted(at);
    await one.segment(at, at + 10_000);
    await house.sweep.endSilent();
    expect((await house.broadcasts.get(one.broadcast)).state).toBe('live');
    await house.channels.setEnabled(channel, false, house.core.actor);
    await house.core.until(async () => {
      await house.keeper.look();
      await house.sweep.endSilent();
      return (await house.broadcasts.get(one.broadcast)).state === 'ended';
    }, 'the broadcast has ended');
    expect(await closed(one.broadcast)).toBe(1);
  });

  it('that was told as over takes nothing new: what begins after it is another, with a flow of its own', async () => {
    const channel = await house.channel();
    const attempt = await house.running(channel);
    const at = start + 18_000_000;
    const first = recorder(attempt, channel);
    await first.begin(at);
    await first.takeStarted(at);
    await first.segment(at, at + 10_000);
    await first.takeEnded(at + 10_000, 'stopped');
    await house.channels.setEnabled(channel, false, house.core.actor);
    await house.core.until(async () => {
      await house.keeper.look();
      await house.sweep.endSilent();
      return (await house.broadcasts.get(first.broadcast)).state === 'ended';
    }, 'the first has ended');
    // Started again two minutes later: well within the silence.
    await house.channels.setEnabled(channel, true, house.core.actor);
    const second = recorder(await house.running(channel), channel);
    await second.begin(at + 120_000);
    await second.segment(at + 120_000, at + 130_000);
    await second.end(at + 130_000);
    expect(await closed(first.broadcast)).toBe(1);
    expect(await closed(second.broadcast)).toBe(1);
    expect((await house.broadcasts.get(first.broadcast)).segments).toBe(1);
  });

  it('names the flow that its node was given, so that what the node has begun alone is not begun as another', async () => {
    const channel = await house.channel();
    const one = recorder(await house.running(channel), channel);
    const version = newId();
    await one.begin(start);
    await one.segment(start, start + 10_000);
    await one.end(start + 10_000, { flow: { version } });
    const fired = await fire(one.broadcast);
    expect(fired?.ports.chat).toBeUndefined();
    expect(fired).toMatchObject({ key: `broadcast:${one.broadcast}`, alone: { versionId: version } });
  });

  it('is verified when every segment is in a copy, and not any more when another comes late', async () => {
    const channel = await house.channel();
    const one = recorder(await house.running(channel), channel);
    const at = start + 21_600_000;
    await one.begin(at);
    const ids = [await one.segment(at, at + 10_000), await one.segment(at + 10_000, at + 20_000)];
    await one.end(at + 20_000);
    const digests = await house.kernel.db
      .selectFrom('artifact')
      .select('digest')
      .where('id', 'in', ids)
      .execute();
    const ran = () => house.runEnded(one.broadcast);
    house.verified.add(digests[0]?.digest ?? '');
    await ran();
    expect((await house.broadcasts.get(one.broadcast)).verified).toBe(false);
    for (const { digest } of digests) house.verified.add(digest);
    await ran();
    expect((await house.broadcasts.get(one.broadcast)).verified).toBe(true);
    await one.segment(at + 5_000, at + 9_000);
    expect((await house.broadcasts.get(one.broadcast)).verified).toBe(false);
  });

  it('knows of the holes that a salvaged segment brings, and takes words of any kind', async () => {
    const channel = await house.channel();
    const attempt = await house.running(channel);
    const one = recorder(attempt, channel);
    const at = start + 25_200_000;
    await one.begin(at);
    const gap = { fromWall: at + 1_000, toWall: at + 31_000, ms: 30_000, why: 'reconnect' };
    await one.segment(at + 31_000, at + 40_000, undefined, [gap]);
    expect((await house.broadcasts.get(one.broadcast)).lossMs).toBe(30_000);
    const title = `${'长'.repeat(2_000)}\u0000\ud83d`;
    await house.fact(attempt, factKinds.title, { channelId: channel, broadcast: one.broadcast, title });
    const told = (await house.broadcasts.get(one.broadcast)).title ?? '';
    expect(told).toBe('长'.repeat(1_000));
  });

  it('is found by day, by channel and by words', async () => {
    const channel = await house.channel({ name: 'Morning show' });
    const one = recorder(await house.running(channel), channel);
    const at = Date.parse('2026-10-03T22:30:00Z');
    await one.begin(at);
    await one.segment(at, at + 60_000);
    await one.end(at + 60_000);
    const range = { from: '2026-10-01T00:00:00Z', to: '2026-11-01T00:00:00Z' };
    const days = async (timeZone: string) =>
      (await house.broadcasts.calendar({ ...range, timeZone, channelId: channel }, 'all')).days;
    expect(await days('UTC')).toEqual([
      { day: '2026-10-03', broadcasts: 1, durationMs: 60_000, bytes: 1_000, lossMs: 0 },
    ]);
    expect(await days('Asia/Shanghai')).toMatchObject([{ day: '2026-10-04' }]);
    expect(await days('No/Where')).toMatchObject([{ day: '2026-10-03' }]);
    const found = await house.broadcasts.list({ limit: 10, text: 'morning' }, 'all');
    expect(found.items.map(({ id }) => id)).toEqual([one.broadcast]);
    expect((await house.broadcasts.list({ limit: 10, ...range }, [])).items).toEqual([]);
    const first = await house.broadcasts.list({ limit: 2 }, 'all');
    const second = await house.broadcasts.list({ limit: 50, cursor: first.next }, 'all');
    const ids = [...first.items, ...second.items].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('the chat of a broadcast', () => {
  /** One that two nodes have recorded: each calls it by another name, and the second one's is known as a sighting alone. */
  async function recorded(at: number, draft = {}) {
    const channel = await house.channel(draft);
    const attempt = await house.running(channel);
    const [a = '', b = ''] = [...house.core.fleet.nodes.keys()];
    const recorders = [
      { from: { ...attempt, nodeId: a }, it: recorder({ ...attempt, nodeId: a }, channel) },
      {
        from: { ...attempt, nodeId: b, allocationId: newId() },
        it: recorder({ ...attempt, nodeId: b, allocationId: newId() }, channel),
      },
    ];
    const segments: string[] = [];
    for (const [n, { it }] of recorders.entries()) {
      await it.begin(at + 10_000 * n);
      segments.push(await it.segment(at + 10_000 * n, at + 10_000 * n + 9_000));
    }
    const file = (n: number, kind: string, more = {}) =>
      house.file(recorders[n]?.from ?? attempt, kind, {
        broadcast: recorders[n]?.it.broadcast,
        take: recorders[n]?.it.take,
        number: 1,
        format: 'bilibili-xml',
        ...more,
      });
    // The second one's comes first.
    const chat = [await file(1, CHAT_KIND), await file(0, CHAT_KIND)].toReversed();
    const other = await file(0, CHAT_KIND, { broadcast: newId() });
    const made = [await file(1, FILM_CHAT_KIND), await file(0, CHAT_SUBTITLES_KIND)];
    const id = recorders[0]?.it.broadcast ?? '';
    return { id, segments, chat, made, other, recorders };
  }

  it('is given to flows in the order of its recordings, whichever node has called it what, and not once it is deleted', async () => {
    const { id, chat, recorders, made } = await recorded(start + 28_800_000);
    for (const { it: one } of recorders) await one.end(start + 28_820_000);
    const ids = async () => {
      const port = (await fire(id))?.ports.chat;
      return port?.type === 'files' ? port.files.map(({ artifactId }) => artifactId) : port;
    };
    expect(await ids()).toEqual(chat);
    // What people look through has what was made of it, and not the files of recorders.
    const { files } = await house.broadcasts.timeline(id, house.core.actor);
    expect(files.map((file) => file.id).toSorted()).toEqual(made.toSorted());
    await house.kernel.db
      .updateTable('artifact')
      .set({ deleted_at: new Date() })
      .where('id', 'in', chat)
      .execute();
    expect(await ids()).toBeUndefined();
  });

  it('goes into the trash with it, and comes back with it', async () => {
    const { id, segments, chat, made, other, recorders } = await recorded(start + 32_400_000);
    for (const { it: one } of recorders) await one.end(start + 32_420_000);
    const all = [...segments, ...chat, ...made];
    await trashBroadcast(house.kernel, id, house.core.actor);
    expect(await deleted(all)).toBe(6);
    expect(await deleted([other])).toBe(0);
    await restoreBroadcast(house.kernel, id, house.core.actor);
    expect(await deleted(all)).toBe(0);
  });

  it('goes when the channel does not keep its broadcast any more', async () => {
    const retention = { days: 1, onlyVerified: false };
    const { id, segments, chat, made, recorders } = await recorded(start + 36_000_000, { retention });
    for (const { it: one } of recorders) await one.end(start + 36_020_000);
    await house.kernel.db
      .updateTable('recordings_broadcast' as never)
      .set({ ended_at: new Date(Date.now() - 2 * 86_400_000) } as never)
      .where('id' as never, '=', id as never)
      .execute();
    await applyRetention(house.kernel);
    expect(await deleted([...segments, ...chat, ...made])).toBe(6);
  });
});

describe('a node whose disk is nearly full', () => {
  const retention = { days: 365, onlyVerified: true };
  const base = start + 72_000_000;
  const stateOf = async (id: string) => {
    const { rows } = await sql<{ state: string }>`
      SELECT state FROM recordings_broadcast WHERE id = ${id}`.execute(house.kernel.db);
    return rows[0]?.state;
  };
  /** What its heartbeat would say. */
  const says = async (nodeId: string, state: string, free: number, soft = 1_000) => {
    const load = { diskTotal: 10_000, diskUsed: 10_000 - free, disk: { state, soft, hard: soft / 2 } };
    await sql`UPDATE node_lease SET load = ${JSON.stringify(load)}::jsonb, seen_at = now()
      WHERE node_id = ${nodeId}`.execute(house.kernel.db);
  };

  it('lets go of the oldest with a whole verified copy, into the trash, and of no more than it needs', async () => {
    const channel = await house.channel({ retention });
    const attempt = await house.running(channel);
    // What earlier tests have put there would count as room that comes.
    await sql`DELETE FROM artifact_holder WHERE state <> 'held'`.execute(house.kernel.db);
    const ended: { id: string; files: string[] }[] = [];
    for (let n = 0; n < 5; n += 1) {
      const one = recorder(attempt, channel);
      const at = base + n * 1_000_000;
      await one.begin(at);
      const files = [await one.segment(at, at + 10_000)];
      await one.end(at + 10_000);
      // The second has a chat that went into no copy; of the third nothing did.
      const digests = await house.kernel.db
        .selectFrom('artifact')
        .select('digest')
        .where('id', 'in', files)
        .execute();
      if (n !== 2) for (const { digest } of digests) house.verified.add(digest);
      if (n === 1)
        files.push(
          await house.file(attempt, CHAT_KIND, { broadcast: one.broadcast, take: one.take, number: 1 }),
        );
      await house.runEnded(one.broadcast);
      ended.push({ id: one.broadcast, files });
    }
    const ids = ended.map(({ id }) => id);
    const states = () => Promise.all(ids.map(stateOf));
    const all = ['ended', 'ended', 'ended', 'ended', 'ended'];

    await says(attempt.nodeId, 'ok', 5_000);
    await makeRoom(house.kernel);
    expect(await states()).toEqual(all);

    // 1,000 bytes of each; 1,100 are to be free, and 300 are.
    await says(attempt.nodeId, 'low', 300);
    await makeRoom(house.kernel);
    expect(await states()).toEqual(['removed', 'ended', 'ended', 'ended', 'ended']);
    expect(await deleted(ended[0]?.files ?? [])).toBe(1);
    // It lies in the trash, and is counted as room that comes.
    await makeRoom(house.kernel);
    expect(await states()).toEqual(['removed', 'ended', 'ended', 'ended', 'ended']);

    // Taken back by hand, it is not let go of again; of the others only the fourth may go, and the newest never.
    await restoreBroadcast(house.kernel, ids[0] ?? '', house.core.actor);
    await says(attempt.nodeId, 'full', 0, 5_000);
    await makeRoom(house.kernel);
    await makeRoom(house.kernel);
    expect(await states()).toEqual(['ended', 'ended', 'ended', 'removed', 'ended']);
    await says(attempt.nodeId, 'ok', 5_000);
  });
});
