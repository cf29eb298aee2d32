import { BacklotError } from '@backlot/contract';
import { type Actor, type Kernel, systemActor } from '@backlot/control/workload';
import { sql } from 'kysely';
import type { Channel } from '../../../contract/channel.ts';
import { ChannelCreate } from '../../../contract/channel.ts';
import { compatErrors } from '../../../contract/compat/errors.ts';
import type { BlockedRoom, NgliveRoom } from '../../../contract/compat/nglive.ts';
import { RoomId } from '../../../contract/compat/nglive.ts';
import type { SourceSpec } from '../../../contract/source.ts';
import type { Channels } from '../../channels/channels.ts';
import { viewChannels } from '../../channels/view-channel.ts';
import { tables } from '../../tables.ts';
import type { Gateways } from '../gateways.ts';
import { compatTables } from '../tables.ts';
import { pageOfRoom, roomOf, roomOfSource } from './room-of.ts';

/** A room with its channel. */
interface Found {
  readonly room: NgliveRoom;
  readonly channel: Channel;
}

/** Rooms as NGlive knows them: channels of a project that are rooms of Bilibili, and the list of those nobody may add. */
export class NgliveRooms {
  readonly #kernel: Kernel;
  readonly #channels: Channels;
  readonly #gateways: Gateways;

  constructor(kernel: Kernel, channels: Channels, gateways: Gateways) {
    this.#kernel = kernel;
    this.#channels = channels;
    this.#gateways = gateways;
  }

  async all(projectId: string): Promise<NgliveRoom[]> {
    return (await this.#found(projectId)).map(({ room }) => room).toSorted((a, b) => a.roomId - b.roomId);
  }

  /** By its number or its short one. @throws room_unknown */
  async get(projectId: string, roomId: number): Promise<NgliveRoom> {
    return (await this.#find(projectId, roomId)).room;
  }

  /** Adds a room and begins to watch it. @throws room_exists (also by its short number), room_blocked */
  async add(projectId: string, roomId: number, actor: Actor): Promise<NgliveRoom> {
    const gateway = await this.#gateways.row(projectId);
    const source: SourceSpec =
      gateway?.recorder === 'bililive'
        ? { kind: 'bililive', roomId }
        : { kind: 'resolver', resolver: 'streamlink', url: pageOfRoom(roomId) };
    const flow = gateway?.flow ?? null;
    const draft = ChannelCreate.parse({ projectId, name: `bilibili ${roomId}`, source, flow });
    const channel = await this.#kernel.transaction(async (tx) => {
      // One at a time for a room, so that of two that add it at once one is told that it was there before.
      await sql`SELECT pg_advisory_xact_lock(hashtextextended(${`nglive ${projectId} ${roomId}`}, 0))`.execute(
        tx,
      );
      const blocked = await compatTables(tx)
        .selectFrom('recordings_nglive_block')
        .select('room_id')
        .where('project_id', '=', projectId)
        .where('room_id', '=', roomId)
        .executeTakeFirst();
      if (blocked) throw new BacklotError(compatErrors.room_blocked, { params: { room: roomId } });
      if ((await this.#found(projectId)).some((one) => isRoom(one, roomId))) {
        throw new BacklotError(compatErrors.room_exists, { params: { room: roomId } });
      }
      return await this.#channels.create(draft, actor);
    });
    const room = roomOf(channel);
    if (!room) throw new Error('A channel that was made for a room is one.');
    return room;
  }

  /** Ends its recording and takes it out; what was recorded stays. @throws room_unknown */
  async remove(projectId: string, roomId: number, actor: Actor): Promise<NgliveRoom> {
    const { room, channel } = await this.#find(projectId, roomId);
    await this.#channels.remove(channel.id, actor);
    return { ...room, recording: false, autoRecord: false };
  }

  /** @throws room_unknown */
  async setRecording(projectId: string, roomId: number, enabled: boolean, actor: Actor): Promise<NgliveRoom> {
    const { channel } = await this.#find(projectId, roomId);
    const changed = roomOf(await this.#channels.setEnabled(channel.id, enabled, actor));
    if (!changed) throw unknown(roomId);
    return changed;
  }

  /** @throws room_unknown, channel_not_running */
  async split(projectId: string, roomId: number, actor: Actor): Promise<NgliveRoom> {
    const { channel, room } = await this.#find(projectId, roomId);
    await this.#channels.split(channel.id, actor);
    return room;
  }

  async blocked(projectId: string): Promise<BlockedRoom[]> {
    const rows = await compatTables(this.#kernel.db)
      .selectFrom('recordings_nglive_block')
      .selectAll()
      .where('project_id', '=', projectId)
      .orderBy('room_id')
      .execute();
    return rows.map(({ room_id, reason, by_name, at }) => ({
      roomId: room_id,
      reason,
      by: by_name,
      at: at.toISOString(),
    }));
  }

  /** Nobody adds it from now on; one that is there stays until it is removed. */
  async block(projectId: string, roomId: number, reason: string, actor: Actor): Promise<void> {
    await this.#kernel.transaction(async (tx) => {
      const values = { reason, by_name: actor.name };
      await compatTables(tx)
        .insertInto('recordings_nglive_block')
        .values({ project_id: projectId, room_id: roomId, ...values })
        .onConflict((conflict) => conflict.columns(['project_id', 'room_id']).doUpdateSet(values))
        .execute();
      await this.#kernel.audit.record(tx, {
        actor,
        action: 'nglive.block',
        subject: { kind: 'bilibili-room', id: String(roomId) },
        projectId,
        after: { reason },
      });
    });
  }

  /** @throws room_unknown when it is not on the list */
  async unblock(projectId: string, roomId: number, actor: Actor): Promise<void> {
    await this.#kernel.transaction(async (tx) => {
      const { numDeletedRows } = await compatTables(tx)
        .deleteFrom('recordings_nglive_block')
        .where('project_id', '=', projectId)
        .where('room_id', '=', roomId)
        .executeTakeFirst();
      if (numDeletedRows === 0n) throw unknown(roomId);
      await this.#kernel.audit.record(tx, {
        actor,
        action: 'nglive.unblock',
        subject: { kind: 'bilibili-room', id: String(roomId) },
        projectId,
      });
    });
  }

  async #find(projectId: string, roomId: number): Promise<Found> {
    const found = (await this.#found(projectId)).find((one) => isRoom(one, roomId));
    if (!found) throw unknown(roomId);
    return found;
  }

  async #found(projectId: string): Promise<Found[]> {
    const rows = await tables(this.#kernel.db)
      .selectFrom('recordings_channel')
      .selectAll()
      .where('project_id', '=', projectId)
      .where('removed_at', 'is', null)
      .where(sql<boolean>`settings -> 'source' ->> 'kind' IN ('bililive', 'resolver')`)
      .execute();
    const rooms = rows.filter(({ settings }) => roomOfSource(settings.source) !== undefined);
    // What rooms say of themselves is for whoever has the project's token, who is no account.
    const channels = await viewChannels(this.#kernel, rooms, systemActor);
    return channels.flatMap((channel) => {
      const room = roomOf(channel);
      return room ? [{ room, channel }] : [];
    });
  }
}

function isRoom({ room }: Found, roomId: number): boolean {
  return room.roomId === roomId || (room.shortId > 0 && room.shortId === roomId);
}

function unknown(roomId: number): BacklotError {
  return new BacklotError(compatErrors.room_unknown, { params: { room: roomId } });
}

/** The number of a room as clients send it: text, a number, or nonsense. */
export function readRoomId(given: unknown): number | undefined {
  if (typeof given === 'string' && !/^\s*\d{1,12}\s*$/.test(given)) return undefined;
  const read = RoomId.safeParse(given);
  return read.success ? read.data : undefined;
}
