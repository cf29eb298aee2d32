import { createHash } from 'node:crypto';
import { BacklotError } from '@backlot/contract';
import type { Actor, Kernel } from '@backlot/control/workload';
import { roomErrors } from '../../contract/errors.ts';
import { mediaMethodName } from '../../contract/media/calls.ts';
import { mediaEventMethod } from '../../contract/media/events.ts';
import { type Room, type RoomChanges, RoomSettings } from '../../contract/room.ts';
import type {
  EntryRequest,
  Moderator,
  RoomDraft,
  RoomEvent,
  RoomFilter,
  RoomMedia,
  RoomRef,
  Rooms,
} from '../ports.ts';
import { type RoomsSettings, readRoomsSettings } from '../settings.ts';
import type { RoomRow } from '../tables.ts';
import { Tokens } from '../tokens/tokens.ts';
import { enter } from './enter.ts';
import { LiveRoom } from './live-room.ts';
import type { Member } from './member.ts';
import { admit, changeRights, moderates, muteTracks, waitingMember, withoutOffice } from './moderation.ts';
import { placeHooks } from './place-hooks.ts';
import { depart, tellLobby, waiting } from './presence.ts';
import { memberFromRow } from './restore.ts';
import { RoomStore } from './room-store.ts';
import { RoomSeat } from './seat.ts';
import { startSweep } from './sweep.ts';
import { participantView, roomView, trackView } from './views.ts';

/** Rooms of this control plane: `Rooms` of the ports, over the database and the media hosts of the fleet. */
export class RoomService implements Rooms {
  readonly kernel: Kernel;
  readonly settings: RoomsSettings;
  readonly store: RoomStore;
  readonly tokens: Tokens;
  readonly #live = new Map<string, LiveRoom>();
  readonly #listeners = new Set<(event: RoomEvent) => void>();
  readonly #byAllocation = new Map<string, LiveRoom>();
  readonly #opening = new Map<string, Promise<LiveRoom>>();
  #stopSweep: (() => void) | null = null;
  #restored: Promise<void> | null = null;

  constructor(kernel: Kernel, settings = readRoomsSettings(process.env, kernel.openMode)) {
    this.kernel = kernel;
    this.settings = settings;
    this.store = new RoomStore(kernel);
    this.tokens = new Tokens(kernel, (what) => this.#putOut(what));
  }

  /** Takes up the rooms that were open before, and listens to the media hosts. Called once. */
  async start(): Promise<void> {
    this.kernel.nodes.onCall('rooms.', async (nodeId, call) => {
      if (call.method !== mediaEventMethod) {
        throw new BacklotError(roomErrors.method_unknown, { params: { method: call.method } });
      }
      this.#at(call.allocation)?.place.heard(nodeId, call.allocation, call.payload);
      return {};
    });
    await this.restored();
    this.#stopSweep = startSweep(this.kernel, () => [...this.#live.values()], this.settings);
  }

  /** Rooms of before are known from then on; whoever asks earlier waits for it. */
  restored(): Promise<void> {
    this.#restored ??= this.#restore().catch((error: unknown) => {
      this.#restored = null;
      throw error;
    });
    return this.#restored;
  }

  /** The control plane ends: rooms and their media go on. */
  async shutdown(): Promise<void> {
    this.#stopSweep?.();
    for (const room of this.#live.values()) {
      room.stop();
      await room.written();
    }
  }

  get live(): readonly LiveRoom[] {
    return [...this.#live.values()];
  }

  async create(draft: RoomDraft, actor: Actor): Promise<Room> {
    await this.restored();
    const row = await this.store.insert(draft, actor.name);
    return this.#open(row).view;
  }

  async get(ref: RoomRef): Promise<Room> {
    const row = await this.#row(ref);
    return this.#live.get(row.id)?.view ?? roomView(row, { participants: 0, nodeId: null });
  }

  async list(filter: RoomFilter): Promise<Room[]> {
    await this.restored();
    const rows = await this.store.list(filter);
    return rows.map(
      (row) => this.#live.get(row.id)?.view ?? roomView(row, { participants: 0, nodeId: null }),
    );
  }

  async change(ref: RoomRef, changes: RoomChanges, _by: Moderator): Promise<Room> {
    const room = await this.room(ref);
    const { locked, ...settings } = changes;
    const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
    const row = await this.store.update(room.id, {
      ...(locked === undefined ? {} : { locked }),
      settings: RoomSettings.parse({ ...room.row.settings, ...given }),
    });
    room.take(row);
    if (settings.audience !== undefined) for (const member of room.joined()) room.present(member);
    if (settings.lobby === false) {
      for (const { identity } of waiting(room)) admit(room, identity);
    }
    room.changed();
    return room.view;
  }

  async close(ref: RoomRef, _by: Moderator): Promise<void> {
    const row = await this.#row(ref);
    const room = this.#live.get(row.id);
    if (room) await this.#end(room, 'api');
  }

  async #end(room: LiveRoom, reason: 'api' | 'empty' | 'departed'): Promise<void> {
    if (room.closed || !(await room.become('closed'))) return;
    room.stop();
    this.#live.delete(room.id);
    if (room.place.home) this.#byAllocation.delete(room.place.home.allocation);
    for (const member of [...room.members.values()]) {
      await depart(room, member, { reason: 'room_closed' });
    }
    await room.place.close();
    await this.store.forgetMembers(room.id);
    this.#emit({ kind: 'room.closed', room: roomView(room.row, { participants: 0, nodeId: null }), reason });
  }

  async participants(ref: RoomRef) {
    const room = await this.room(ref);
    return [...room.members.values()].filter((one) => one.joined || one.waiting).map(participantView);
  }

  async participant(ref: RoomRef, identity: string) {
    return participantView((await this.room(ref)).member(identity));
  }

  async tracks(ref: RoomRef) {
    const room = await this.room(ref);
    return [...room.joined()].flatMap((member) => [...member.tracks.values()].map(trackView));
  }

  async enter(request: EntryRequest): Promise<RoomSeat> {
    await this.restored();
    return await enter(this, request);
  }

  async seat(ref: RoomRef, identity: string): Promise<RoomSeat> {
    const room = await this.room(ref);
    return new RoomSeat(room, room.member(identity));
  }

  /** The seat whose client resumes with this session, after a restart. */
  async seatOfSession(sessionId: string): Promise<RoomSeat | undefined> {
    await this.restored();
    const hash = sessionHash(sessionId);
    for (const room of this.#live.values()) {
      for (const member of room.members.values()) {
        if (member.sessionHash === hash && !member.ended) return new RoomSeat(room, member);
      }
    }
    return undefined;
  }

  async kick(...[ref, identity, by, options]: Parameters<Rooms['kick']>): Promise<void> {
    const room = await this.room(ref);
    const member = room.member(identity);
    const params = { by: by.name, ...(options?.reason ? { reason: options.reason } : {}) };
    room.admitted.delete(identity);
    const departed = Promise.all(
      seatsOf(room, member).map((seat) => depart(room, seat, { reason: 'kicked', params })),
    );
    if (options?.revoke !== false) await this.tokens.revoke({ room: room.row.name, identity });
    await departed;
  }

  async mute(...[ref, identity, what, by]: Parameters<Rooms['mute']>): Promise<string[]> {
    const room = await this.room(ref);
    const member = room.member(identity);
    const tracks = [...member.tracks.values()].filter(
      (track) =>
        (what.producerId === undefined || track.id === what.producerId) &&
        (what.kind === undefined || track.kind === what.kind),
    );
    if (what.producerId !== undefined && tracks.length === 0) {
      throw new BacklotError(roomErrors.media_object_not_found, {
        params: { field: 'producerId', id: what.producerId },
      });
    }
    return await muteTracks(room, member, tracks, what.muted, by);
  }

  async muteAll(...[ref, kind, by]: Parameters<Rooms['muteAll']>): Promise<string[]> {
    const room = await this.room(ref);
    const muted: string[] = [];
    for (const member of [...room.joined()]) {
      if (member.permissions.admin || member.identity === by.identity) continue;
      const tracks = [...member.tracks.values()].filter((track) => track.kind === kind);
      muted.push(...(await muteTracks(room, member, tracks, true, by)));
    }
    return muted;
  }

  async setPermissions(...[ref, identity, permissions, _by]: Parameters<Rooms['setPermissions']>) {
    const room = await this.room(ref);
    const member = room.member(identity);
    await changeRights(room, member, { permissions });
    return participantView(member);
  }

  async setRole(...[ref, identity, role, _by]: Parameters<Rooms['setRole']>) {
    const room = await this.room(ref);
    const member = room.member(identity);
    await changeRights(room, member, { role });
    return participantView(member);
  }

  async waiting(ref: RoomRef) {
    return waiting(await this.room(ref));
  }

  async admit(ref: RoomRef, identity: string, _by: Moderator): Promise<void> {
    admit(await this.room(ref), identity);
  }

  async deny(ref: RoomRef, identity: string, by: Moderator, reason?: string): Promise<void> {
    const room = await this.room(ref);
    const member = waitingMember(room, identity);
    await depart(room, member, { reason: 'denied', params: { by: by.name, ...(reason ? { reason } : {}) } });
    tellLobby(room);
  }

  async move(ref: RoomRef, identity: string, to: RoomRef, by: Moderator): Promise<void> {
    const room = await this.room(ref);
    const member = room.member(identity);
    const target = await this.room(to);
    if (target.row.project_id !== room.row.project_id) {
      throw new BacklotError(roomErrors.room_not_found, { params: { room: to } });
    }
    const trusted = moderates(target, by);
    const { token } = await this.tokens.issue({
      identity,
      projectId: target.row.project_id,
      grants: {
        room: target.row.name,
        ...(trusted ? { role: member.role, permissions: member.permissions } : withoutOffice(member)),
        name: member.name,
        ...(member.metadata === '' ? {} : { metadata: member.metadata }),
      },
    });
    if (trusted) target.admitted.add(identity);
    member.listener?.notify('moved', { roomId: target.row.name, token });
    await depart(room, member, { reason: 'moved', params: { room: target.row.name } });
  }

  async sendData(...[ref, message]: Parameters<Rooms['sendData']>): Promise<number> {
    const room = await this.room(ref);
    let sent = 0;
    for (const member of room.joined()) {
      if (!member.permissions.data || member.identity === message.from || !member.listener) continue;
      if (message.to !== undefined && !message.to.includes(member.identity)) continue;
      member.listener.notify('data', {
        from: message.from,
        topic: message.topic,
        payload: message.payload,
      });
      sent += 1;
    }
    return sent;
  }

  async setRecording(ref: RoomRef, recording: boolean): Promise<void> {
    const room = await this.room(ref);
    if (room.recording === recording) return;
    room.recording = recording;
    room.changed();
  }

  async media(ref: RoomRef): Promise<RoomMedia> {
    const room = await this.room(ref);
    const { nodeId, allocation } = await room.place.ready();
    return {
      nodeId,
      allocation,
      call: async (method, payload, deadlineMs) => {
        const name = method.startsWith('rooms.') ? method : mediaMethodName(method as 'describe');
        return await room.place.raw(name, payload, deadlineMs === undefined ? {} : { deadlineMs });
      },
    };
  }

  onEvent(listener: (event: RoomEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** An open room. @throws room_not_found */
  async room(ref: RoomRef): Promise<LiveRoom> {
    const row = await this.#row(ref);
    const room = this.#live.get(row.id);
    if (!room || room.closed) throw new BacklotError(roomErrors.room_not_found, { params: { room: ref } });
    return room;
  }

  /** As `room`, opened when it is not there. */
  async roomOrNew(draft: RoomDraft, createdBy: string): Promise<LiveRoom> {
    const known = this.#named(draft.name);
    if (known) return known;
    const opening = this.#opening.get(draft.name);
    if (opening) return await opening;
    const made = this.store
      .insert(draft, createdBy)
      .then((row) => this.#open(row))
      .finally(() => this.#opening.delete(draft.name));
    this.#opening.set(draft.name, made);
    return await made;
  }

  /** The room whose media is in this allocation. Remembered: a busy room tells many things a second. */
  #at(allocation: string): LiveRoom | undefined {
    const known = this.#byAllocation.get(allocation);
    if (known?.place.home?.allocation === allocation) return known;
    this.#byAllocation.delete(allocation);
    for (const room of this.#live.values()) {
      if (room.place.home?.allocation !== allocation) continue;
      this.#byAllocation.set(allocation, room);
      return room;
    }
    return undefined;
  }

  #named(name: string): LiveRoom | undefined {
    for (const room of this.#live.values()) if (room.row.name === name && !room.closed) return room;
    return undefined;
  }

  async #row(ref: RoomRef): Promise<RoomRow> {
    await this.restored();
    const named = this.#live.get(ref) ?? this.#named(ref);
    const row = named?.row ?? (await this.store.find(ref));
    if (!row) throw new BacklotError(roomErrors.room_not_found, { params: { room: ref } });
    return row;
  }

  #open(row: RoomRow): LiveRoom {
    const room = this.#take(row);
    this.#emit({ kind: 'room.opened', room: room.view });
    return room;
  }

  #take(row: RoomRow): LiveRoom {
    const room = new LiveRoom(
      row,
      {
        kernel: this.kernel,
        store: this.store,
        emit: (event) => this.#emit(event),
        expired: (expired, reason) => {
          this.#end(expired, reason).catch((error: unknown) => {
            this.kernel.log.error({ err: error, room: expired.id }, 'an empty room could not be closed');
          });
        },
      },
      placeHooks,
    );
    this.#live.set(row.id, room);
    return room;
  }

  async #restore(): Promise<void> {
    for (const row of await this.store.open()) {
      if (this.#live.has(row.id)) continue;
      const room = this.#take(row);
      for (const stored of await this.store.members(row.id)) {
        const member = memberFromRow(stored);
        room.members.set(member.identity, member);
        this.kernel.clock.after(this.settings.resumeMs, () => {
          if (member.away) void depart(room, member, { reason: 'timed_out' });
        });
      }
      room.counted();
      if (row.job_id !== null) {
        room.place.ready().catch((error: unknown) => {
          this.kernel.log.warn({ err: error, room: row.id }, 'a room of before finds no place');
        });
      }
    }
  }

  #putOut(what: { id: string } | { room: string; identity: string }): void {
    for (const room of this.#live.values()) {
      for (const member of [...room.members.values()]) {
        const hit =
          'id' in what
            ? member.tokenId === what.id
            : room.row.name === what.room &&
              (member.identity === what.identity || member.person === what.identity);
        if (hit) void depart(room, member, { reason: 'revoked' });
      }
    }
  }

  #emit(event: RoomEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.kernel.log.error({ err: error, kind: event.kind }, 'a listener to rooms has thrown');
      }
    }
  }
}

/** All seats of the person who has this one: beside it players by HTTP, which have an identity each. */
function seatsOf(room: LiveRoom, member: Member): Member[] {
  return [...room.members.values()].filter(
    (one) => one === member || (!one.ended && one.person === member.identity),
  );
}

/** What is stored of a session's id: who reads the database can't resume anybody's session. */
export function sessionHash(sessionId: string): string {
  return createHash('sha256').update(sessionId).digest('hex');
}
