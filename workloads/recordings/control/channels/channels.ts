import { isDeepStrictEqual } from 'node:util';
import { BacklotError, kernelErrors, newId } from '@backlot/contract';
import { type Actor, decodeCursor, type Kernel, page, type Tx } from '@backlot/control/workload';
import { sql } from 'kysely';
import { z } from 'zod';
import {
  type Channel,
  type ChannelCreate,
  type ChannelPatch,
  type ChannelQuery,
  ChannelSettings,
  type IngestAddress,
} from '../../contract/channel.ts';
import { recordingErrors } from '../../contract/errors.ts';
import { CutAnswer, watchMethods } from '../../contract/watch.ts';
import { type ChannelRow, tables } from '../tables.ts';
import { readChannels } from './channel-facts.ts';
import type { ChannelKeeper } from './keeper.ts';
import { lockChannel } from './keeper.ts';
import { completeSource, newIngestKey } from './source-input.ts';
import { faultOfSchedule, viewChannels } from './view-channel.ts';

const callMs = 10_000;
/** Changes of these are nothing that a running recorder must know: they do not begin its work anew. */
const quiet: readonly (keyof ChannelSettings)[] = ['retention', 'expectedBitrate'];

const Cursor = z.object({ id: z.uuid() });

/** Channels for people and programs: what they want is written down; the keeper sees to it. */
export class Channels {
  readonly #kernel: Kernel;
  readonly #keeper: ChannelKeeper;

  constructor(kernel: Kernel, keeper: ChannelKeeper) {
    this.#kernel = kernel;
    this.#keeper = keeper;
  }

  /** @throws source_unknown, schedule_invalid, flow_other_project, channel_exists */
  async create(draft: ChannelCreate, actor: Actor): Promise<Channel> {
    const { projectId, enabled, source, ...rest } = draft;
    const settings = ChannelSettings.parse({ ...rest, source: completeSource(source) });
    await this.#check(settings, projectId);
    const id = newId(this.#kernel.clock.now());
    await this.#change(async (tx) => {
      await tables(tx)
        .insertInto('recordings_channel')
        .values({
          id,
          project_id: projectId,
          settings: JSON.stringify(settings),
          enabled,
          state: enabled ? 'waiting' : 'off',
        })
        .execute();
      await this.#tell(tx, 'added', { id, projectId, name: settings.name }, actor, { settings, enabled });
    });
    return await this.get(id, actor);
  }

  /** @throws not_found */
  async row(id: string): Promise<ChannelRow> {
    const row = await tables(this.#kernel.db)
      .selectFrom('recordings_channel')
      .selectAll()
      .where('id', '=', id)
      .where('removed_at', 'is', null)
      .executeTakeFirst();
    if (!row) throw notFound(id);
    return row;
  }

  async get(id: string, actor: Actor): Promise<Channel> {
    const [channel] = await viewChannels(this.#kernel, [await this.row(id)], actor);
    if (!channel) throw notFound(id);
    return channel;
  }

  /** Newest first. */
  async list(query: z.output<typeof ChannelQuery>, projects: 'all' | readonly string[], actor: Actor) {
    if (projects !== 'all' && projects.length === 0) return { items: [] };
    const after = decodeCursor(query.cursor, Cursor);
    let rows = tables(this.#kernel.db)
      .selectFrom('recordings_channel')
      .selectAll()
      .where('removed_at', 'is', null)
      .orderBy('id', 'desc')
      .limit(query.limit + 1);
    if (projects !== 'all') rows = rows.where('project_id', 'in', [...projects]);
    if (query.projectId) rows = rows.where('project_id', '=', query.projectId);
    if (query.state) rows = rows.where('state', '=', query.state);
    if (query.text) {
      const wanted = `%${query.text.replace(/[\\%_]/g, '\\$&')}%`;
      rows = rows.where(
        sql<boolean>`(settings ->> 'name' ILIKE ${wanted} OR coalesce(title, '') ILIKE ${wanted})`,
      );
    }
    if (after) rows = rows.where('id', '<', after.id);
    const found = await rows.execute();
    const views = new Map(
      (await viewChannels(this.#kernel, found.slice(0, query.limit), actor)).map((one) => [one.id, one]),
    );
    const { items, next } = page(
      found,
      query.limit,
      ({ id }) => ({ id }),
      ({ id }) => views.get(id),
    );
    return { items: items.flatMap((one) => one ?? []), ...(next === undefined ? {} : { next }) };
  }

  /** What its recorder must know begins its work anew, at once: what was recorded until then is kept, as the end of a take. */
  async patch(id: string, patch: ChannelPatch, actor: Actor): Promise<Channel> {
    const before = await this.row(id);
    const { source, ...rest } = patch;
    const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
    const settings = ChannelSettings.parse({
      ...before.settings,
      ...given,
      ...(source ? { source: completeSource(source, before.settings.source) } : {}),
    });
    await this.#check(settings, before.project_id);
    await this.#write(id, settings, actor);
    return await this.get(id, actor);
  }

  async setEnabled(id: string, enabled: boolean, actor: Actor): Promise<Channel> {
    await this.row(id);
    await this.#change(async (tx) => {
      const row = await lockChannel(tx, id);
      if (!row || row.removed_at !== null || row.enabled === enabled) return;
      await tables(tx)
        .updateTable('recordings_channel')
        .set({ enabled, retry_at: null, failures: 0 })
        .where('id', '=', id)
        .execute();
      const what = { id, projectId: row.project_id, name: row.settings.name };
      await this.#tell(tx, enabled ? 'started' : 'stopped', what, actor, { enabled });
    });
    return await this.get(id, actor);
  }

  /** Takes a channel out; what it has recorded stays. */
  async remove(id: string, actor: Actor): Promise<void> {
    await this.row(id);
    await this.#change(async (tx) => {
      const row = await lockChannel(tx, id);
      if (!row || row.removed_at !== null) return;
      await tables(tx)
        .updateTable('recordings_channel')
        .set({ enabled: false, state: 'removed', removed_at: sql<Date>`now()` })
        .where('id', '=', id)
        .execute();
      await this.#tell(
        tx,
        'removed',
        { id, projectId: row.project_id, name: row.settings.name },
        actor,
        null,
      );
    });
  }

  /** The next keyframe begins a new part. @throws channel_not_running, channel_not_live */
  async split(id: string, actor: Actor): Promise<void> {
    await this.#cut(id, watchMethods.split);
    await this.#note(id, 'split', actor);
  }

  /** Ends the broadcast; while the source is live another begins. @throws channel_not_running, channel_not_live */
  async endBroadcast(id: string, actor: Actor): Promise<void> {
    await this.#cut(id, watchMethods.stopBroadcast);
    await this.#note(id, 'broadcast-stopped', actor);
  }

  async #cut(id: string, method: string): Promise<void> {
    const { done } = CutAnswer.parse(await this.call(id, method, {}));
    if (done) return;
    const { settings } = await this.row(id);
    throw new BacklotError(recordingErrors.channel_not_live, { params: { channel: settings.name } });
  }

  /** Asks the recorder of a channel. @throws channel_not_running, and what its node answers */
  async call(id: string, method: string, payload: unknown): Promise<unknown> {
    const row = await this.row(id);
    const [one] = await readChannels(this.#kernel.db, [row]);
    if (!one?.allocation) {
      throw new BacklotError(recordingErrors.channel_not_running, {
        params: { channel: row.settings.name },
        retryAfterS: 2,
      });
    }
    const { id: allocation, nodeId } = one.allocation;
    return await this.#kernel.nodes.call(nodeId, { allocation, method, payload, deadlineMs: callMs });
  }

  /** Where to publish to. @throws channel_not_push */
  async ingest(id: string): Promise<IngestAddress> {
    const row = await this.row(id);
    const { source, name } = row.settings;
    if (source.kind !== 'push') {
      throw new BacklotError(recordingErrors.channel_not_push, { params: { channel: name } });
    }
    const [one] = await readChannels(this.#kernel.db, [row]);
    const ingest = Ingest.safeParse(one?.task?.progress);
    return { server: ingest.success ? ingest.data.ingest : null, key: source.key };
  }

  /** A new key; whoever publishes with the old one is put out. */
  async rotateKey(id: string, actor: Actor): Promise<IngestAddress> {
    const { settings } = await this.row(id);
    if (settings.source.kind !== 'push') {
      throw new BacklotError(recordingErrors.channel_not_push, { params: { channel: settings.name } });
    }
    await this.#write(id, { ...settings, source: { kind: 'push', key: newIngestKey() } }, actor);
    return await this.ingest(id);
  }

  async #write(id: string, settings: ChannelSettings, actor: Actor): Promise<void> {
    await this.#change(async (tx) => {
      const row = await lockChannel(tx, id);
      if (!row || row.removed_at !== null) throw notFound(id);
      const anew = !isDeepStrictEqual(loud(row.settings), loud(settings));
      await tables(tx)
        .updateTable('recordings_channel')
        .set({
          settings: JSON.stringify(settings),
          ...(anew ? { revision: row.revision + 1, failures: 0, retry_at: null } : {}),
        })
        .where('id', '=', id)
        .execute();
      const what = { id, projectId: row.project_id, name: settings.name };
      await this.#tell(tx, 'changed', what, actor, { settings }, { settings: row.settings });
    });
  }

  async #check(settings: ChannelSettings, projectId: string): Promise<void> {
    const fault = faultOfSchedule(settings.schedule);
    if (fault !== undefined) {
      throw new BacklotError(recordingErrors.schedule_invalid, {
        params: { reason: fault },
        pointer: 'schedule',
      });
    }
    if (settings.flow === null) return;
    const flow = await this.#kernel.db
      .selectFrom('flow')
      .select('project_id')
      .where('id', '=', settings.flow.flowId)
      .executeTakeFirst();
    if (flow?.project_id !== projectId) {
      throw new BacklotError(recordingErrors.flow_other_project, { pointer: 'flow' });
    }
  }

  async #note(id: string, what: string, actor: Actor): Promise<void> {
    const row = await this.row(id);
    await this.#change((tx) =>
      this.#tell(tx, what, { id, projectId: row.project_id, name: row.settings.name }, actor, null),
    );
  }

  async #change(work: (tx: Tx) => Promise<void>): Promise<void> {
    try {
      await this.#kernel.transaction(work);
    } catch (error) {
      if (isTaken(error)) throw new BacklotError(recordingErrors.channel_exists, { cause: error });
      throw error;
    }
    this.#kernel.events.wake();
    this.#keeper.wake();
  }

  /** Event and audit of a change; keys and addresses stay out of both. */
  async #tell(
    tx: Tx,
    what: string,
    channel: { readonly id: string; readonly projectId: string; readonly name: string },
    actor: Actor,
    after: unknown,
    before?: unknown,
  ): Promise<void> {
    const { audit, events } = this.#kernel;
    const subject = { kind: 'channel', id: channel.id };
    await events.append(tx, [
      {
        projectId: channel.projectId,
        kind: `recordings.channel.${what}`,
        subject,
        body: { name: channel.name, by: actor.name },
      },
    ]);
    await audit.record(tx, {
      actor,
      action: `channel.${what}`,
      subject,
      projectId: channel.projectId,
      ...(before === undefined ? {} : { before: safe(before) }),
      ...(after === null ? {} : { after: safe(after) }),
    });
  }
}

const Ingest = z.looseObject({ ingest: z.string() });

/** What a running recorder must know of the settings. */
function loud(settings: ChannelSettings): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(settings).filter(([key]) => !(quiet as readonly string[]).includes(key)),
  );
}

/** For the audit: the source without what lets people in elsewhere. */
function safe(what: unknown): unknown {
  const { settings, ...rest } = what as { settings?: ChannelSettings };
  if (!settings) return rest;
  const { source, ...others } = settings;
  const { kind } = source;
  return { ...rest, settings: { ...others, source: { kind } } };
}

function isTaken(error: unknown): boolean {
  const { constraint } = (error ?? {}) as { constraint?: string };
  return constraint === 'recordings_channel_key';
}

function notFound(id: string): BacklotError {
  return new BacklotError(kernelErrors.not_found, { params: { what: 'channel', id } });
}
