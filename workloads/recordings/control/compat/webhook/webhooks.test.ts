import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readWebhook } from '../../../contract/bililive/webhook.ts';
import { webhookMaker } from '../../../test/compat/recorder-webhooks.ts';
import { openRecordingsHouse, type RecordingsHouse } from '../../testing/recordings-house.ts';
import { compatTables } from '../tables.ts';
import { judgeOpen, lateMs, silentMs } from './book.ts';
import { eventMs, fileMs, mostForgotten } from './forget.ts';
import { Webhooks, webhookEventKinds } from './webhooks.ts';

/** BililiveRecorder's webhooks on the real database; the recorder's part is played from its wire format. */
let house: RecordingsHouse;
let webhooks: Webhooks;
beforeAll(async () => {
  house = await openRecordingsHouse();
  webhooks = new Webhooks(house.kernel);
});
afterAll(() => house?.close());

async function take(body: unknown, source = 'studio-1'): Promise<boolean> {
  const read = readWebhook(body);
  if (!read.ok || !read.event) throw new Error('no webhook');
  return await webhooks.take(house.projectId, source, read.event);
}
async function events(kind: string, source: string): Promise<Record<string, unknown>[]> {
  const rows = await house.kernel.db
    .selectFrom('event')
    .select(['body'])
    .where('kind', '=', kind)
    .orderBy('seq')
    .execute();
  return rows.map(({ body }) => body).filter((body) => body.source === source);
}
const files = (source: string) =>
  compatTables(house.kernel.db)
    .selectFrom('recordings_webhook_file')
    .selectAll()
    .where('source', '=', source)
    .orderBy('path')
    .execute();

describe('webhooks of BililiveRecorder', () => {
  it('make each file known once, in whatever order and however often they come, of both versions', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(1_000), { minLength: 20, maxLength: 20 }), async (luck) => {
        const source = randomUUID();
        const recorder = webhookMaker();
        const told = [
          recorder.sessionStarted(),
          recorder.opening('23058-n/1.flv'),
          recorder.closed('23058-n/1.flv'),
          recorder.closedV1('23058-n\\1.flv'),
          recorder.opening('23058-n/2.flv'),
          recorder.closed('23058-n/2.flv'),
          recorder.closedV1('23058-n\\2.flv'),
          recorder.sessionEnded(),
          recorder.stream('Ended'),
        ];
        const twice = [...told, ...told]
          .map((body, index) => ({ body, at: luck[index] ?? 0 }))
          .toSorted((a, b) => a.at - b.at);
        for (const { body } of twice) await take(body, source);
        expect(await events(webhookEventKinds.fileClosed, source)).toHaveLength(2);
        expect(await events(webhookEventKinds.fileOpened, source)).toHaveLength(2);
        expect(await events(webhookEventKinds.sessionEnded, source)).toHaveLength(1);
        expect(await files(source)).toMatchObject([
          {
            path: '23058-n/1.flv',
            state: 'closed',
            session_id: recorder.session,
            size: 816_412,
            duration_ms: 4_992,
          },
          {
            path: '23058-n/2.flv',
            state: 'closed',
            session_id: recorder.session,
            size: 816_412,
            duration_ms: 4_992,
          },
        ]);
      }),
      { numRuns: 8 },
    );
  });

  it('are taken once when they come at the same time', async () => {
    const recorder = webhookMaker();
    const closed = recorder.closed('a.flv');
    const taken = await Promise.all(Array.from({ length: 8 }, () => take(closed, 'race')));
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(await events(webhookEventKinds.fileClosed, 'race')).toHaveLength(1);
  });

  it('that never come are made up: the close of a file whose session is over, or whose recorder began another', async () => {
    const ended = webhookMaker({ roomId: 1 });
    await take(ended.opening('1/a.flv'), 'killed');
    await take(ended.sessionEnded(), 'killed');
    const killed = webhookMaker({ roomId: 2 });
    const next = webhookMaker({ roomId: 2 });
    await take(killed.opening('2/a.flv'), 'killed');
    await take(next.sessionStarted('2026-11-20T20:10:00+08:00'), 'killed');
    await take(next.opening('2/b.flv'), 'killed');
    await webhooks.sweep();
    expect((await files('killed')).map(({ path, state, assumed }) => [path, state, assumed])).toEqual([
      ['1/a.flv', 'closed', true],
      ['2/a.flv', 'closed', true],
      ['2/b.flv', 'open', false],
    ]);
    // The close comes after all: it makes the facts better, and is no second one.
    await take(ended.closed('1/a.flv'), 'killed');
    await webhooks.sweep();
    expect((await files('killed'))[0]).toMatchObject({ state: 'closed', assumed: false, size: 816_412 });
    const told = await events(webhookEventKinds.fileClosed, 'killed');
    expect(told.map(({ path }) => path).toSorted()).toEqual(['1/a.flv', '2/a.flv']);
  });

  it('of two recorders are about different files', async () => {
    const recorder = webhookMaker();
    await take(recorder.closed('same.flv'), 'one');
    await take(webhookMaker({ session: recorder.session }).closed('same.flv'), 'two');
    expect(await events(webhookEventKinds.fileClosed, 'one')).toHaveLength(1);
    expect(await events(webhookEventKinds.fileClosed, 'two')).toHaveLength(1);
  });

  it('with a hostile title and path are data, stored as they are', async () => {
    const title = 'a"; touch x & $(id) ../..';
    const path = `${title}/${'直播'.repeat(400)}.flv`;
    await take(webhookMaker({ title }).closed(path), 'hostile');
    expect(await files('hostile')).toMatchObject([{ title, path }]);
  });

  it('of kinds that nobody knows are overlooked, and nonsense is told apart', () => {
    const unknown = { ...webhookMaker().stream('Started'), EventType: 'TomorrowsEvent' };
    expect(readWebhook(unknown)).toEqual({ ok: true, event: null });
    fc.assert(
      fc.property(fc.anything(), (body) => {
        const read = readWebhook(body);
        expect(read.ok === false ? read.reason : read).toBeTruthy();
      }),
    );
    const broken = { ...webhookMaker().closed('a'), EventData: { RoomId: 'x' } };
    expect(readWebhook(broken)).toMatchObject({ ok: false, reason: expect.stringContaining('RoomId') });
  });

  it('have their turn however many files wait: only those that are due are looked at', async () => {
    // As many as three sweeps, all told of before the one whose session is over.
    const { db } = house.kernel;
    await sql`
      INSERT INTO recordings_webhook_file (id, project_id, source, session_id, path, room_id, name, title, state, seen_at)
      SELECT gen_random_uuid(), ${house.projectId}, 'crowd', 'crowd-' || n, n || '.flv', 900000 + n, 'n', 't', 'open',
        now() - interval '1 hour'
      FROM generate_series(1, 600) AS n`.execute(db);
    const over = webhookMaker({ roomId: 77 });
    await take(over.opening('77/a.flv'), 'crowd');
    await take(over.sessionEnded(), 'crowd');
    expect((await webhooks.sweep()).closed).toBe(1);
    expect((await files('crowd')).filter(({ state }) => state === 'closed')).toMatchObject([
      { path: '77/a.flv', assumed: true },
    ]);
    expect(await webhooks.sweep()).toEqual({ closed: 0, looked: 0 });
    const [told] = await events(webhookEventKinds.fileClosed, 'crowd');
    expect(told).toMatchObject({ assumed: true, why: 'session-ended' });
  });

  it('are looked at again as soon as something is told that they follow from', async () => {
    const recorder = webhookMaker({ roomId: 78 });
    await take(recorder.opening('78/a.flv'), 'later');
    await webhooks.sweep();
    const lookAt = async () => (await files('later'))[0]?.look_at.getTime() ?? Number.NaN;
    const patient = await lookAt();
    await take(webhookMaker({ roomId: 78 }).sessionStarted('2026-11-20T20:10:00+08:00'), 'later');
    expect(await lookAt()).toBeLessThan(patient);
  });

  it('of a file that nobody speaks of any more end with one event, which says so', async () => {
    await take(webhookMaker({ roomId: 79 }).opening('79/a.flv'), 'silent');
    const { db } = house.kernel;
    await sql`
      UPDATE recordings_webhook_file SET seen_at = seen_at - ${silentMs} * interval '1 millisecond'
      WHERE source = 'silent'`.execute(db);
    await webhooks.sweep();
    await webhooks.sweep();
    expect(await events(webhookEventKinds.fileClosed, 'silent')).toMatchObject([
      { path: '79/a.flv', assumed: true, why: 'silent' },
    ]);
  });

  it('are forgotten when they are old, a session not before its files, and until then a late one makes no second file', async () => {
    const { db } = house.kernel;
    const age = async (ms: number) => {
      const back = sql`seen_at - ${ms} * interval '1 millisecond'`;
      await sql`UPDATE recordings_webhook_file SET seen_at = ${back} WHERE source = 'old'`.execute(db);
      await sql`UPDATE recordings_webhook_session SET seen_at = ${back} WHERE source = 'old'`.execute(db);
      await sql`UPDATE recordings_webhook_event SET at = at - ${ms} * interval '1 millisecond'`.execute(db);
    };
    const sessions = async () =>
      (
        await compatTables(db)
          .selectFrom('recordings_webhook_session')
          .select('session_id')
          .where('source', '=', 'old')
          .execute()
      ).map(({ session_id }) => session_id);
    const over = webhookMaker({ roomId: 80 });
    const empty = webhookMaker({ roomId: 81 });
    for (const body of [over.sessionStarted(), over.closed('80/a.flv'), over.sessionEnded()])
      await take(body, 'old');
    await take(empty.sessionEnded(), 'old');
    await age(fileMs - 60_000);
    await webhooks.sweep();
    const ids = await sql<{ n: number }>`
      SELECT count(*)::int AS n FROM recordings_webhook_event WHERE at < now() - ${eventMs} * interval '1 millisecond'
    `.execute(db);
    expect(ids.rows[0]?.n).toBe(0);
    expect(await files('old')).toHaveLength(1);
    // Its id is forgotten, so that only the file itself tells that it was known.
    await take(over.closedV1('80\\a.flv'), 'old');
    await take(over.closed('80/a.flv'), 'old');
    expect(await events(webhookEventKinds.fileClosed, 'old')).toHaveLength(1);
    // A file that is told of goes on: its session stays with it, however old that is.
    const fresh = webhookMaker({ roomId: 80, session: over.session });
    await age(61_000);
    await take(fresh.opening('80/b.flv'), 'old');
    await webhooks.sweep();
    expect((await files('old')).map(({ path }) => path)).toEqual(['80/b.flv']);
    expect(await sessions()).toEqual([over.session]);
    await take(fresh.closed('80/b.flv'), 'old');
    await age(fileMs + 1_000);
    await webhooks.sweep();
    expect(await files('old')).toEqual([]);
    expect(await sessions()).toEqual([]);
  });

  it('are forgotten a number at a time, and those that are open not at all', async () => {
    const { db } = house.kernel;
    await sql`
      INSERT INTO recordings_webhook_file
        (id, project_id, source, session_id, path, room_id, name, title, state, seen_at, look_at)
      SELECT gen_random_uuid(), ${house.projectId}, 'years', '', n || '.flv', 1, 'n', 't',
        CASE WHEN n = 1 THEN 'open' ELSE 'closed' END, now() - interval '1 year', now() + interval '1 day'
      FROM generate_series(1, ${mostForgotten + 11}) AS n`.execute(db);
    await webhooks.sweep();
    expect(await files('years')).toHaveLength(11);
    await webhooks.sweep();
    expect(await files('years')).toMatchObject([{ path: '1.flv', state: 'open' }]);
  });

  it.each([
    [{ seenAt: 0, sessionEndedAt: null, laterSessionAt: null }, lateMs, silentMs],
    [{ seenAt: 0, sessionEndedAt: 0, laterSessionAt: null }, lateMs - 1, lateMs],
    [{ seenAt: 0, sessionEndedAt: 0, laterSessionAt: null }, lateMs, 'session-ended'],
    [{ seenAt: 0, sessionEndedAt: 9, laterSessionAt: 5 }, lateMs, lateMs + 5],
    [{ seenAt: 0, sessionEndedAt: null, laterSessionAt: 5 }, lateMs + 5, 'later-session'],
    [{ seenAt: 0, sessionEndedAt: null, laterSessionAt: null }, silentMs, 'silent'],
    // A recorder whose clock is far ahead.
    [{ seenAt: 0, sessionEndedAt: 2 * silentMs, laterSessionAt: null }, silentMs - 1, silentMs],
  ])('a file that is open, %j, after %d ms: %s', (file, now, expected) => {
    expect(judgeOpen(now, file)).toEqual(
      typeof expected === 'string' ? { missing: true, why: expected } : { missing: false, lookAt: expected },
    );
  });
});
