import { createHash, randomBytes } from 'node:crypto';
import { BacklotError } from '@backlot/contract';
import type { Kernel } from '@backlot/control/workload';
import type { Selectable } from 'kysely';
import { roomHttpErrors } from '../../../contract/http-errors.ts';
import type { RoomEvent, Rooms, Seat } from '../../ports.ts';
import { readFragment, writeFragment } from '../sdp/fragment.ts';
import { unacceptable } from '../sdp/read-offer.ts';

export type HttpSessionKind = 'whip' | 'whep';

interface SessionTable {
  id_hash: Buffer;
  room_id: string;
  identity: string;
  kind: HttpSessionKind;
  transport_id: string;
  mids: string[];
  etag: string;
  ice_username: string;
}
type SessionRow = Selectable<SessionTable>;
type Tables = {
  rooms_http_session: Omit<SessionTable, 'mids'> & { mids: string };
};

/** A client that has not connected so long after its answer never will, in milliseconds. */
const connectMs = 30_000;

/** What a PATCH is answered with. */
export type PatchAnswer =
  | { readonly kind: 'trickled' }
  | { readonly kind: 'restarted'; readonly etag: string; readonly fragment: string };

/**
 * Sessions of WHIP and WHEP clients: a seat in a room that is steered by an address instead of a socket. The address is
 * a secret of 192 bits that only its client was told (RFC 9725, 4.8 allows that as authorisation); what is stored is its hash.
 */
export class HttpSessions {
  readonly #kernel: Kernel;
  readonly #rooms: Rooms;
  readonly #unsubscribe: () => void;
  /** Transports that are waited for, until they are connected. */
  readonly #awaited = new Map<string, () => void>();

  constructor(kernel: Kernel, rooms: Rooms) {
    this.#kernel = kernel;
    this.#rooms = rooms;
    this.#unsubscribe = rooms.onEvent((event) => this.#heard(event));
  }

  /** Writes a new session down; its id goes into the address. */
  async add(session: {
    readonly seat: Seat;
    readonly kind: HttpSessionKind;
    readonly transportId: string;
    readonly mids: readonly string[];
    readonly iceUsername: string;
  }): Promise<{ id: string; etag: string }> {
    const { seat, kind, transportId, mids, iceUsername } = session;
    const id = randomBytes(24).toString('base64url');
    const etag = newTag();
    await this.#table()
      .insertInto('rooms_http_session')
      .values({
        id_hash: hash(id),
        room_id: seat.roomId,
        identity: seat.identity,
        kind,
        transport_id: transportId,
        mids: JSON.stringify(mids),
        etag,
        ice_username: iceUsername,
      })
      .execute();
    this.#await(transportId, seat.roomId);
    return { id, etag };
  }

  /**
   * Candidates, or a restart of ICE. With ICE-lite the server is called and does not call: candidates are taken note of.
   * @param ifMatch the header, as sent
   * @throws whip_session_not_found, session_tag_missing, session_tag_stale, sdp_unreadable, sdp_unacceptable
   */
  async patch(
    kind: HttpSessionKind,
    id: string,
    ifMatch: string | undefined,
    body: string,
  ): Promise<PatchAnswer> {
    const session = await this.#find(kind, id);
    const fragment = readFragment(body);
    const { usernameFragment, password } = fragment;
    const restarts =
      usernameFragment !== undefined && password !== undefined && usernameFragment !== session.ice_username;
    if (ifMatch === undefined) {
      // Players in use send candidates without it (the draft of WHEP was silent about tags for years).
      if (kind === 'whep' && !restarts) return { kind: 'trickled' };
      throw new BacklotError(roomHttpErrors.session_tag_missing);
    }
    if (ifMatch.trim() !== '*' && !matches(ifMatch, session.etag)) {
      throw new BacklotError(roomHttpErrors.session_tag_stale);
    }
    if (!restarts) return { kind: 'trickled' };
    if (ifMatch.trim() !== '*') throw unacceptable('restart_tag');
    return this.#restart(session, usernameFragment);
  }

  /** Ends a session by its address. @throws whip_session_not_found */
  async end(kind: HttpSessionKind, id: string): Promise<void> {
    const session = await this.#find(kind, id);
    await this.#end(session);
  }

  /** Ends what was left behind by clients that have gone while no control plane was there to notice. */
  async sweep(): Promise<void> {
    const rows = await this.#table().selectFrom('rooms_http_session').selectAll().limit(1_000).execute();
    for (const row of rows) {
      const session = asSession(row);
      const seat = await this.#seat(session);
      if (seat) this.#await(session.transport_id, session.room_id);
      else await this.#forget(session);
    }
  }

  close(): void {
    this.#unsubscribe();
    for (const cancel of this.#awaited.values()) cancel();
    this.#awaited.clear();
  }

  async #restart(session: SessionRow, iceUsername: string): Promise<PatchAnswer> {
    const seat = await this.#seat(session);
    if (!seat) {
      await this.#forget(session);
      throw new BacklotError(roomHttpErrors.whip_session_not_found);
    }
    const ice = await seat.restartIce(session.transport_id);
    const etag = newTag();
    await this.#table()
      .updateTable('rooms_http_session')
      .set({ etag, ice_username: iceUsername })
      .where('id_hash', '=', session.id_hash)
      .execute();
    // The candidates are where they were: only the credentials are new.
    return { kind: 'restarted', etag, fragment: writeFragment(session.mids, ice, []) };
  }

  async #find(kind: HttpSessionKind, id: string): Promise<SessionRow> {
    const row = await this.#table()
      .selectFrom('rooms_http_session')
      .selectAll()
      .where('id_hash', '=', hash(id))
      .where('kind', '=', kind)
      .executeTakeFirst();
    if (!row) throw new BacklotError(roomHttpErrors.whip_session_not_found);
    return asSession(row);
  }

  async #seat(session: SessionRow): Promise<Seat | undefined> {
    try {
      return await this.#rooms.seat(session.room_id, session.identity);
    } catch (error) {
      if (error instanceof BacklotError && error.kind.status === 404) return undefined;
      throw error;
    }
  }

  async #end(session: SessionRow): Promise<void> {
    const seat = await this.#seat(session);
    await this.#forget(session);
    await seat?.leave('left');
  }

  async #forget({ id_hash, transport_id }: SessionRow): Promise<void> {
    this.#arrived(transport_id);
    await this.#table().deleteFrom('rooms_http_session').where('id_hash', '=', id_hash).execute();
  }

  #heard(event: RoomEvent): void {
    if (event.kind === 'participant.left') {
      this.#background(this.#gone(event.room.id, { identity: event.participant.identity }));
      return;
    }
    if (event.kind !== 'media') return;
    const { event: name, transportId, transportIds, layer, state } = event.event;
    if (name === 'transportState' && typeof transportId === 'string') {
      if (layer === 'ice' && (state === 'connected' || state === 'completed')) this.#arrived(transportId);
      const dead =
        (layer === 'ice' && (state === 'disconnected' || state === 'closed')) ||
        (layer === 'dtls' && (state === 'failed' || state === 'closed'));
      if (dead) this.#background(this.#gone(event.room.id, { transportIds: [transportId] }));
    } else if (name === 'transportsLost' && Array.isArray(transportIds)) {
      // A client of WHIP can't be told to make a new transport; it sees its connection fail and begins anew.
      this.#background(this.#gone(event.room.id, { transportIds: transportIds.map(String) }));
    }
  }

  /** The participant has left, or its transport is gone: so is the session. */
  async #gone(
    roomId: string,
    what: { readonly identity?: string; readonly transportIds?: readonly string[] },
  ): Promise<void> {
    let query = this.#table().selectFrom('rooms_http_session').selectAll().where('room_id', '=', roomId);
    if (what.identity !== undefined) query = query.where('identity', '=', what.identity);
    if (what.transportIds !== undefined) query = query.where('transport_id', 'in', [...what.transportIds]);
    for (const row of await query.execute()) {
      if (what.identity === undefined) await this.#end(asSession(row));
      // Whoever comes again under the same identity has replaced the older one, and has a session of its own.
      else if ((await this.#seat(asSession(row))) === undefined) await this.#forget(asSession(row));
    }
  }

  #await(transportId: string, roomId: string): void {
    this.#arrived(transportId);
    this.#awaited.set(
      transportId,
      this.#kernel.clock.after(connectMs, () => {
        this.#awaited.delete(transportId);
        this.#background(this.#endUnlessConnected(transportId, roomId));
      }),
    );
  }

  #arrived(transportId: string): void {
    this.#awaited.get(transportId)?.();
    this.#awaited.delete(transportId);
  }

  /** The state may have been told while nobody listened, so it is asked for. */
  async #endUnlessConnected(transportId: string, roomId: string): Promise<void> {
    const row = await this.#table()
      .selectFrom('rooms_http_session')
      .selectAll()
      .where('room_id', '=', roomId)
      .where('transport_id', '=', transportId)
      .executeTakeFirst();
    if (!row) return;
    const seat = await this.#seat(asSession(row));
    const [stats] = (await seat?.stats('transport', transportId).catch(() => [])) ?? [];
    const state = (stats as { iceState?: unknown } | undefined)?.iceState;
    if (state !== 'connected' && state !== 'completed') await this.#end(asSession(row));
  }

  #background(work: Promise<void>): void {
    work.catch((error: unknown) =>
      this.#kernel.log.warn({ err: error }, 'a WHIP or WHEP session was not ended'),
    );
  }

  #table() {
    return this.#kernel.db.withTables<Tables>();
  }
}

function asSession(row: Selectable<Tables['rooms_http_session']>): SessionRow {
  return { ...row, mids: row.mids as unknown as string[] };
}

const hash = (id: string) => createHash('sha256').update(id).digest();
const newTag = () => `"${randomBytes(9).toString('base64url')}"`;

/** `If-Match` may list several tags; ours are strong (RFC 9110, 13.1.1). */
function matches(header: string, etag: string): boolean {
  return header.split(',').some((tag) => tag.trim() === etag);
}
