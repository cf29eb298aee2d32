import { type Id, newId } from '@backlot/contract';
import type { Kernel } from '@backlot/control/workload';
import { openPlans, type Plans } from '@backlot/testkit/plans';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BroadcastQuery, CalendarQuery } from '../contract/broadcast.ts';
import { ChannelQuery } from '../contract/channel.ts';
import { Broadcasts } from './broadcasts/broadcasts.ts';
import { Channels } from './channels/channels.ts';
import { openRecordingsHouse, type RecordingsHouse } from './testing/recordings-house.ts';

/** What lists cost after a year: 10,000 broadcasts of 400 channels, with a segment each, and as many other files. */
const many = 10_000;
const channels = 400;
const limit = 50;
/** Rows that a page may look at in one table: the page, and a little around it. */
const enough = 4 * limit;

let house: RecordingsHouse;
let plans: Plans<never>;
let broadcasts: Broadcasts;
let kernel: Kernel;
beforeAll(async () => {
  house = await openRecordingsHouse();
  const { db } = house.kernel;
  const one = await house.channel({ enabled: false });
  await sql`
    INSERT INTO recordings_channel (id, project_id, settings, enabled, state)
    SELECT gen_random_uuid(), project_id, settings, enabled, state
    FROM recordings_channel, generate_series(2, ${channels}) WHERE id = ${one}`.execute(db);
  await sql`
    INSERT INTO recordings_broadcast (id, channel_id, project_id, channel_name, state, title, started_at, last_at)
    SELECT gen_random_uuid(), c.id, c.project_id, 'n', 'ended', 'title ' || n, now() - n * interval '1 hour',
      now() - n * interval '1 hour' + interval '50 minutes'
    FROM generate_series(1, ${many}) n
    JOIN (SELECT *, row_number() OVER (ORDER BY id) AS place FROM recordings_channel) c ON c.place = 1 + n % ${channels}
  `.execute(db);
  await sql`INSERT INTO blob (digest, size) SELECT encode(sha256(n::text::bytea), 'hex'), 1 FROM generate_series(1, ${many}) n`.execute(
    db,
  );
  // A segment of each broadcast, and a film of each.
  await sql`
    WITH files AS (
      INSERT INTO artifact (id, project_id, name, kind, digest, size, media_type, meta)
      SELECT gen_random_uuid(), b.project_id, k.kind, k.kind, encode(sha256(b.n::text::bytea), 'hex'), 1, 'video/mp4',
        jsonb_build_object('broadcast', b.id)
      FROM (SELECT *, row_number() OVER (ORDER BY id) AS n FROM recordings_broadcast) b,
        (VALUES ('recordings.segment'), ('film')) AS k(kind)
      RETURNING id, kind, meta
    )
    INSERT INTO recordings_segment (artifact_id, broadcast_id, take_id, number, part, container, first_at, last_at, size,
                                    video_frames, audio_frames, torn)
    SELECT id, (meta ->> 'broadcast')::uuid, gen_random_uuid(), 1, 1, 'flv', now(), now(), 1, 1, 1, false
    FROM files WHERE kind = 'recordings.segment'`.execute(db);
  await sql`ANALYZE recordings_channel, recordings_broadcast, recordings_segment, artifact, blob`.execute(db);
  plans = openPlans(house.url);
  kernel = { ...house.kernel, db: plans.db } as unknown as Kernel;
  broadcasts = new Broadcasts(kernel);
});
afterAll(async () => {
  await plans?.close();
  await house?.close();
});

async function costs(work: () => Promise<unknown>) {
  const reads = await plans.of(work);
  expect(reads.length).toBeGreaterThan(0);
  return reads.filter(({ rows }) => rows > enough);
}
const list = (query: object) => () => broadcasts.list(BroadcastQuery.parse({ limit, ...query }), 'all');

describe('a page looks at its own rows and few others', () => {
  it('of broadcasts: all, of a project, of a channel, from a day on, further on', async () => {
    const { projectId } = house;
    const channelId: Id = await house.kernel.db
      .selectFrom('recordings_broadcast' as never)
      .select('channel_id' as never)
      .executeTakeFirstOrThrow()
      .then((row) => (row as { channel_id: Id }).channel_id);
    expect(await costs(list({}))).toEqual([]);
    expect(await costs(list({ projectId }))).toEqual([]);
    expect(await costs(list({ channelId }))).toEqual([]);
    const to = new Date(Date.now() - 5_000 * 3_600_000).toISOString();
    expect(await costs(list({ to }))).toEqual([]);
    const first = await broadcasts.list(BroadcastQuery.parse({ limit, to }), 'all');
    expect(await costs(list({ cursor: first.next }))).toEqual([]);
  });

  it('of a calendar: the days that are shown', async () => {
    const from = new Date(Date.now() - 5_100 * 3_600_000).toISOString();
    const to = new Date(Date.now() - 5_000 * 3_600_000).toISOString();
    expect(await costs(() => broadcasts.calendar(CalendarQuery.parse({ from, to }), 'all'))).toEqual([]);
  });

  it('of one broadcast: its takes, holes, segments and films', async () => {
    const { items } = await broadcasts.list(BroadcastQuery.parse({ limit: 1 }), 'all');
    const id = items[0]?.id ?? newId();
    expect((await broadcasts.timeline(id, house.core.actor)).files).toHaveLength(1);
    expect(await costs(() => broadcasts.timeline(id, house.core.actor))).toEqual([]);
  });

  it('of channels', async () => {
    const all = new Channels(kernel, house.keeper);
    expect(await costs(() => all.list(ChannelQuery.parse({ limit }), 'all', house.core.actor))).toEqual([]);
  });
});
