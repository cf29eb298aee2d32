import { BacklotError, kernelErrors, newId } from '@backlot/contract';
import type { Kernel } from '@backlot/control/workload';
import { roomErrors } from '../../contract/errors.ts';
import { NewRoomName } from '../../contract/grants.ts';
import { mayBecome, RoomSettings, type RoomState } from '../../contract/room.ts';
import type { RoomDraft, RoomFilter } from '../ports.ts';
import { type ParticipantRow, type RoomRow, tables } from '../tables.ts';
import { type Member, SeatMemory } from './member.ts';

/** What is kept of rooms in the database. */
export class RoomStore {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  get #db() {
    return tables(this.#kernel.db);
  }

  /** @throws room_exists, invalid_input, not_found */
  async insert(draft: RoomDraft, createdBy: string): Promise<RoomRow> {
    const name = NewRoomName.safeParse(draft.name);
    const settings = RoomSettings.safeParse(draft.settings ?? {});
    if (!name.success || !settings.success) {
      const issue = (name.error ?? settings.error)?.issues[0];
      throw new BacklotError(kernelErrors.invalid_input, {
        params: { reason: issue?.message ?? 'the room' },
        pointer: name.success ? `settings.${issue?.path.join('.') ?? ''}` : 'name',
      });
    }
    const row = await this.#db
      .insertInto('rooms_room')
      .values({
        id: newId(),
        project_id: draft.projectId,
        name: name.data,
        state: 'created',
        settings: JSON.stringify(settings.data),
        locked: false,
        job_id: null,
        created_by: createdBy,
        empty_since: new Date(this.#kernel.clock.now()),
        visited: false,
      })
      .onConflict((conflict) => conflict.column('name').where('closed_at', 'is', null).doNothing())
      .returningAll()
      .executeTakeFirst()
      .catch((error: unknown) => {
        if ((error as { code?: string }).code !== '23503') throw error;
        throw new BacklotError(kernelErrors.not_found, {
          params: { what: 'project', id: draft.projectId },
          cause: error,
        });
      });
    if (!row) throw new BacklotError(roomErrors.room_exists, { params: { room: draft.name } });
    return row;
  }

  /** By id, or by name among the open ones. */
  async find(ref: string): Promise<RoomRow | undefined> {
    const byId = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(ref);
    const found = byId
      ? await this.#db.selectFrom('rooms_room').selectAll().where('id', '=', ref).executeTakeFirst()
      : undefined;
    return (
      found ??
      (await this.#db
        .selectFrom('rooms_room')
        .selectAll()
        .where('name', '=', ref)
        .where('closed_at', 'is', null)
        .executeTakeFirst())
    );
  }

  async open(): Promise<RoomRow[]> {
    return await this.#db
      .selectFrom('rooms_room')
      .selectAll()
      .where('closed_at', 'is', null)
      .orderBy('id')
      .execute();
  }

  async list(filter: RoomFilter): Promise<RoomRow[]> {
    if (filter.projects !== 'all' && filter.projects.length === 0) return [];
    let query = this.#db.selectFrom('rooms_room').selectAll().orderBy('id', 'desc').limit(filter.limit);
    if (filter.projects !== 'all') query = query.where('project_id', 'in', [...filter.projects]);
    if (filter.states) query = query.where('state', 'in', [...filter.states]);
    if (filter.before) query = query.where('id', '<', filter.before);
    return await query.execute();
  }

  /** Compare-and-set: two processes can't both believe that they moved it. Null: it was changed by somebody else. */
  async become(row: RoomRow, to: RoomState): Promise<RoomRow | null> {
    if (!mayBecome(row.state, to)) {
      throw new BacklotError(kernelErrors.illegal_transition, {
        params: { subject: 'room', from: row.state, to },
      });
    }
    const changed = await this.#db
      .updateTable('rooms_room')
      .set({ state: to, closed_at: to === 'closed' ? new Date(this.#kernel.clock.now()) : null })
      .where('id', '=', row.id)
      .where('state', '=', row.state)
      .returningAll()
      .executeTakeFirst();
    return changed ?? null;
  }

  async update(
    id: string,
    change: {
      settings?: RoomSettings;
      locked?: boolean;
      job_id?: string | null;
      empty_since?: Date | null;
      visited?: boolean;
    },
  ): Promise<RoomRow> {
    const { settings, ...rest } = change;
    return await this.#db
      .updateTable('rooms_room')
      .set({ ...rest, ...(settings ? { settings: JSON.stringify(settings) } : {}) })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow();
  }

  async saveMember(roomId: string, member: Member): Promise<void> {
    const values = {
      session_hash: member.sessionHash,
      name: member.name,
      role: member.role,
      permissions: JSON.stringify(member.permissions),
      metadata: member.metadata,
      device: JSON.stringify(member.device),
      memory: JSON.stringify(member.memory()),
      via: member.via,
      token_id: member.tokenId,
      joined_at: member.joinedAt,
    };
    await this.#db
      .insertInto('rooms_participant')
      .values({ room_id: roomId, identity: member.identity, ...values })
      .onConflict((conflict) => conflict.columns(['room_id', 'identity']).doUpdateSet(values))
      .execute();
  }

  async forgetMember(roomId: string, identity: string): Promise<void> {
    await this.#db
      .deleteFrom('rooms_participant')
      .where('room_id', '=', roomId)
      .where('identity', '=', identity)
      .execute();
  }

  async members(roomId: string): Promise<(ParticipantRow & { seat: SeatMemory })[]> {
    const rows = await this.#db
      .selectFrom('rooms_participant')
      .selectAll()
      .where('room_id', '=', roomId)
      .orderBy('joined_at')
      .execute();
    return rows.map((row) => ({ ...row, seat: SeatMemory.parse(row.memory) }));
  }

  async forgetMembers(roomId: string): Promise<void> {
    await this.#db.deleteFrom('rooms_participant').where('room_id', '=', roomId).execute();
  }
}
