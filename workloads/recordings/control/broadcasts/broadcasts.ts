import { BacklotError, kernelErrors } from '@backlot/contract';
import { type Actor, decodeCursor, type Kernel, page, toArtifact } from '@backlot/control/workload';
import { sql } from 'kysely';
import { z } from 'zod';
import type {
  Broadcast,
  BroadcastQuery,
  Calendar,
  CalendarQuery,
  Take,
  Timeline,
} from '../../contract/broadcast.ts';
import { CHAT_KIND } from '../../contract/chat.ts';
import { SEGMENT_KIND } from '../../contract/segment.ts';
import { type BroadcastRow, type TakeRow, tables } from '../tables.ts';
import { restorable } from './trash-broadcast.ts';

const Cursor = z.object({ at: z.iso.datetime(), id: z.uuid() });
type Projects = 'all' | readonly string[];

/** Broadcasts for people: lists, one with all that is drawn of it, and what was recorded on which day. */
export class Broadcasts {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** @throws not_found */
  async row(id: string): Promise<BroadcastRow> {
    const row = await tables(this.#kernel.db)
      .selectFrom('recordings_broadcast')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    if (!row) throw new BacklotError(kernelErrors.not_found, { params: { what: 'broadcast', id } });
    return row;
  }

  async get(id: string): Promise<Broadcast> {
    const [broadcast] = await this.#view([await this.row(id)]);
    if (!broadcast) throw new BacklotError(kernelErrors.not_found, { params: { what: 'broadcast', id } });
    return broadcast;
  }

  /** Newest first. */
  async list(query: z.output<typeof BroadcastQuery>, projects: Projects) {
    if (projects !== 'all' && projects.length === 0) return { items: [] };
    const after = decodeCursor(query.cursor, Cursor);
    let rows = tables(this.#kernel.db)
      .selectFrom('recordings_broadcast')
      .selectAll()
      .orderBy('started_at', 'desc')
      .orderBy('id', 'desc')
      .limit(query.limit + 1);
    if (projects !== 'all') rows = rows.where('project_id', 'in', [...projects]);
    if (query.projectId) rows = rows.where('project_id', '=', query.projectId);
    if (query.channelId) rows = rows.where('channel_id', '=', query.channelId);
    rows = query.state ? rows.where('state', '=', query.state) : rows.where('state', '<>', 'removed');
    if (query.from) rows = rows.where('last_at', '>=', new Date(query.from));
    if (query.to) rows = rows.where('started_at', '<', new Date(query.to));
    if (query.text) {
      const wanted = `%${query.text.replace(/[\\%_]/g, '\\$&')}%`;
      rows = rows.where((eb) => eb.or([eb('title', 'ilike', wanted), eb('channel_name', 'ilike', wanted)]));
    }
    if (after) {
      rows = rows.where(sql<boolean>`(started_at, id) < (${new Date(after.at)}, ${after.id}::uuid)`);
    }
    const found = await rows.execute();
    const views = new Map((await this.#view(found.slice(0, query.limit))).map((one) => [one.id, one]));
    const { items, next } = page(
      found,
      query.limit,
      ({ id, started_at }) => ({ at: started_at.toISOString(), id }),
      ({ id }) => views.get(id),
    );
    return { items: items.flatMap((one) => one ?? []), ...(next === undefined ? {} : { next }) };
  }

  /** All that is drawn of one broadcast. */
  async timeline(id: string, actor: Actor): Promise<Timeline> {
    const { db } = this.#kernel;
    const broadcast = await this.get(id);
    const [takes, gaps, segments, films] = await Promise.all([
      tables(db)
        .selectFrom('recordings_take')
        .selectAll()
        .where('broadcast_id', '=', id)
        .orderBy('started_at')
        .execute(),
      tables(db)
        .selectFrom('recordings_gap')
        .selectAll()
        .where('broadcast_id', '=', id)
        .orderBy('from_at')
        .execute(),
      tables(db)
        .selectFrom('recordings_segment as s')
        .innerJoin('artifact as a', 'a.id', 's.artifact_id')
        .selectAll('s')
        .select('a.holders')
        .where('s.broadcast_id', '=', id)
        .where('a.deleted_at', 'is', null)
        .orderBy('s.first_at')
        .limit(20_000)
        .execute(),
      db
        .selectFrom('artifact')
        .selectAll()
        .where(
          sql<boolean>`meta ->> 'broadcast' IN (
            SELECT ${id} UNION SELECT s.id::text FROM recordings_sighting s WHERE s.broadcast_id = ${id}::uuid)`,
        )
        .where('project_id', '=', broadcast.projectId)
        .where('kind', '<>', SEGMENT_KIND)
        // As many as segments; what people read is the chat of a film.
        .where('kind', '<>', CHAT_KIND)
        .where('deleted_at', 'is', null)
        .orderBy('created_at')
        .limit(500)
        .execute(),
    ]);
    return {
      broadcast,
      takes: takes.map(viewTake),
      gaps: gaps.map((gap) => ({
        fromWall: gap.from_at.getTime(),
        toWall: gap.to_at.getTime(),
        ms: gap.ms,
        why: gap.why,
        ...(gap.what === null ? {} : { what: gap.what }),
      })),
      segments: segments.map((one) => ({
        artifactId: one.artifact_id,
        takeId: one.take_id,
        number: one.number,
        part: one.part,
        container: one.container,
        firstWall: one.first_at.getTime(),
        lastWall: one.last_at.getTime(),
        size: Number(one.size),
        videoFrames: one.video_frames,
        audioFrames: one.audio_frames,
        torn: one.torn,
        holders: one.holders,
      })),
      files: await this.#kernel.artifacts.visibleTo(actor, films.map(toArtifact)),
    };
  }

  /** What was recorded on each day; a broadcast counts on the day on which it began. */
  async calendar(query: z.output<typeof CalendarQuery>, projects: Projects): Promise<Calendar> {
    if (projects !== 'all' && projects.length === 0) return { days: [] };
    const { rows } = await sql<{
      day: string;
      broadcasts: number;
      durationMs: number;
      bytes: string;
      lossMs: number;
    }>`
      SELECT to_char(started_at AT TIME ZONE ${zone(query.timeZone)}, 'YYYY-MM-DD') AS day, count(*)::int AS broadcasts,
             sum(extract(epoch FROM last_at - started_at) * 1000)::float8 AS "durationMs", sum(bytes) AS bytes,
             sum(loss_ms)::float8 AS "lossMs"
      FROM recordings_broadcast
      WHERE started_at >= ${new Date(query.from)} AND started_at < ${new Date(query.to)} AND state <> 'removed'
        AND (${projects === 'all'} OR project_id = ANY(${projects === 'all' ? [] : [...projects]}::uuid[]))
        AND (${query.projectId ?? null}::uuid IS NULL OR project_id = ${query.projectId ?? null}::uuid)
        AND (${query.channelId ?? null}::uuid IS NULL OR channel_id = ${query.channelId ?? null}::uuid)
      GROUP BY 1 ORDER BY 1
    `.execute(this.#kernel.db);
    return { days: rows.map((row) => ({ ...row, bytes: Number(row.bytes) })) };
  }

  async #view(rows: readonly BroadcastRow[]): Promise<Broadcast[]> {
    if (rows.length === 0) return [];
    const ids = rows.map(({ id }) => id);
    const [takes, runs, inTrash] = await Promise.all([
      tables(this.#kernel.db)
        .selectFrom('recordings_take')
        .select(['broadcast_id', sql<number>`count(*)::int`.as('count')])
        .where('broadcast_id', 'in', ids)
        .groupBy('broadcast_id')
        .execute(),
      this.#kernel.flows.runsOf('broadcast', ids),
      restorable(
        this.#kernel.db,
        rows.flatMap(({ id, state }) => (state === 'removed' ? [id] : [])),
      ),
    ]);
    const takeCount = new Map(takes.map((one) => [one.broadcast_id, one.count]));
    return rows.map((row) => ({
      id: row.id,
      channelId: row.channel_id,
      channelName: row.channel_name,
      projectId: row.project_id,
      state: row.state,
      title: row.title,
      startedAt: row.started_at.toISOString(),
      endedAt: row.ended_at?.toISOString() ?? null,
      durationMs: row.last_at.getTime() - row.started_at.getTime(),
      lossMs: row.loss_ms,
      bytes: Number(row.bytes),
      takes: takeCount.get(row.id) ?? 0,
      segments: row.segments,
      width: row.width,
      height: row.height,
      codecs: row.codecs,
      verified: row.verified_at !== null,
      flowRunId: runs.get(row.id) ?? null,
      restorableUntil: inTrash.get(row.id)?.toISOString() ?? null,
    }));
  }
}

function viewTake(row: TakeRow): Take {
  return {
    id: row.id,
    broadcastId: row.broadcast_id,
    nodeId: row.node_id,
    number: row.number,
    state: row.state,
    address: row.address,
    startedAt: row.started_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? null,
    why: row.why,
  };
}

/** A time zone that PostgreSQL will not stumble over: what this machine does not know is UTC. */
function zone(name: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return 'UTC';
  }
}
