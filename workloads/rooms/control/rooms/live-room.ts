import { BacklotError } from '@backlot/contract';
import type { Kernel } from '@backlot/control/workload';
import { roomErrors } from '../../contract/errors.ts';
import type { TrackSource } from '../../contract/grants.ts';
import type { Throttle } from '../../contract/media/calls.ts';
import type { MediaEvent } from '../../contract/media/events.ts';
import type { Room, RoomState } from '../../contract/room.ts';
import type { NotificationData, NotificationName, RoomInfo } from '../../contract/signalling.ts';
import type { RoomEvent } from '../ports.ts';
import type { RoomRow } from '../tables.ts';
import { isAnnounced } from './decisions/rights.ts';
import { closesIn } from './decisions/timeouts.ts';
import type { Member, OwnTrack } from './member.ts';
import { Place, type PlaceHooks } from './place/place.ts';
import type { RoomStore } from './room-store.ts';
import { participantView, peerInfo, roomInfo, roomView, trackView } from './views.ts';

export interface LiveRoomDeps {
  readonly kernel: Kernel;
  readonly store: RoomStore;
  /** What happened, for whoever listens to the service. */
  readonly emit: (event: RoomEvent) => void;
  /** It is empty for as long as its settings allow. */
  readonly expired: (room: LiveRoom, reason: 'empty' | 'departed') => void;
}

/**
 * One open room as it is now: its row, its place, who is in it. Here are only its state and the telling of others; what
 * changes it stands in the files beside this one, a file for each kind of change.
 */
export class LiveRoom {
  readonly deps: LiveRoomDeps;
  readonly place: Place;
  readonly members = new Map<string, Member>();
  /** Identities that a moderator has let in: they are not stopped again while the room lasts. */
  readonly admitted = new Set<string>();
  /** How somebody's network is impaired, also after they come back. */
  readonly throttles = new Map<string, Throttle>();
  /** Sources of somebody that a moderator has muted: what they publish anew from there is muted too, also after they come back. */
  readonly silenced = new Map<string, Set<TrackSource>>();
  /** The data producers of ours that answer for the bot, by what they are: `out` speaks. */
  bot: { readonly out: string; messages: number } | null = null;
  recording = false;
  closed = false;
  /** What the host has may be more than what we know: compare. */
  suspect = false;
  speaker: string | null = null;
  #row: RoomRow;
  #writing: Promise<void> = Promise.resolve();
  #cancelTimer: (() => void) | null = null;

  constructor(row: RoomRow, deps: LiveRoomDeps, hooks: (room: LiveRoom) => PlaceHooks) {
    this.#row = row;
    this.deps = deps;
    this.place = new Place(deps.kernel, () => this.#row, hooks(this));
    this.watchEmptiness();
  }

  get row(): RoomRow {
    return this.#row;
  }
  get id(): string {
    return this.#row.id;
  }

  /** Those who have joined. */
  *joined(): Generator<Member> {
    for (const member of this.members.values()) if (member.joined && !member.ended) yield member;
  }

  /** Who counts: joined, hidden ones too. */
  get size(): number {
    let count = 0;
    for (const _ of this.joined()) count += 1;
    return count;
  }

  get view(): Room {
    return roomView(this.#row, { participants: this.size, nodeId: this.place.home?.nodeId ?? null });
  }
  get info(): RoomInfo {
    return roomInfo(this.#row, this.recording);
  }

  /** @throws participant_not_found */
  member(identity: string): Member {
    const member = this.members.get(identity);
    if (!member || member.ended) {
      throw new BacklotError(roomErrors.participant_not_found, { params: { identity } });
    }
    return member;
  }

  track(producerId: string): OwnTrack | undefined {
    for (const member of this.members.values()) {
      const track = member.tracks.get(producerId);
      if (track) return track;
    }
    return undefined;
  }

  /** Tells everybody who has joined, except one. */
  tell<N extends NotificationName>(method: N, data: NotificationData<N>, except?: Member): void {
    for (const member of this.joined()) if (member !== except) member.listener?.notify(method, data);
  }

  tellModerators<N extends NotificationName>(method: N, data: NotificationData<N>): void {
    for (const member of this.joined()) if (member.permissions.admin) member.listener?.notify(method, data);
  }

  /** Announces somebody, or takes it back, when their rights or tracks have changed. True: they have just been announced. */
  present(member: Member): boolean {
    const should = isAnnounced({
      joined: member.joined && !member.ended,
      hidden: member.permissions.hidden,
      admin: member.permissions.admin,
      audience: this.#row.settings.audience,
      tracks: member.tracks.size,
    });
    if (should === member.announced) return false;
    member.announced = should;
    if (should) this.tell('newPeer', { peer: peerInfo(member) }, member);
    else this.tell('peerClosed', { peerId: member.identity, reason: 'left' }, member);
    return should;
  }

  participantChanged(member: Member): void {
    if (member.announced) {
      const { producers: _, ...peer } = peerInfo(member);
      this.tell('peerChanged', { peer }, member);
    }
    this.deps.emit({ kind: 'participant.changed', room: this.view, participant: participantView(member) });
    this.remember(member);
  }

  trackChanged(track: OwnTrack): void {
    this.deps.emit({ kind: 'track.changed', room: this.view, track: trackView(track) });
  }

  changed(): void {
    this.tell('roomChanged', { room: this.info });
    this.deps.emit({ kind: 'room.changed', room: this.view });
  }

  passOn(event: MediaEvent): void {
    this.deps.emit({ kind: 'media', room: this.view, event });
  }

  /** Writes somebody down, after what is being written already. */
  remember(member: Member): void {
    this.write(async () => {
      if (member.ended || !member.joined) return;
      await this.deps.store.saveMember(this.id, member);
    });
  }

  /** Everything that is written about this room stands in a line: later states never lose against earlier ones. */
  write(work: () => Promise<void>): void {
    this.#writing = this.#writing.then(work).catch((error: unknown) => {
      this.deps.kernel.log.error({ err: error, room: this.id }, 'a change of a room could not be stored');
    });
  }

  /** Resolves when everything up to now is written. */
  async written(): Promise<void> {
    await this.#writing;
  }

  take(row: RoomRow): void {
    this.#row = row;
    this.watchEmptiness();
  }

  /** Moves the room's state where that is allowed; does nothing when it is there already. */
  async become(state: RoomState): Promise<boolean> {
    if (this.#row.state === state) return true;
    const row = await this.deps.store.become(this.#row, state);
    if (row) this.take(row);
    return row !== null;
  }

  /** Called after everybody who comes or goes. */
  counted(): void {
    const empty = this.size === 0;
    if (empty === (this.#row.empty_since !== null)) return;
    const change = empty
      ? { empty_since: new Date(this.deps.kernel.clock.now()) }
      : { empty_since: null, visited: true };
    this.#row = { ...this.#row, ...change };
    this.watchEmptiness();
    this.write(async () => {
      if (this.closed) return;
      await this.deps.store.update(this.id, change);
    });
  }

  watchEmptiness(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    if (this.closed) return;
    const { settings, state, empty_since, visited } = this.#row;
    const { clock } = this.deps.kernel;
    const wait = closesIn(
      {
        state,
        emptySince: empty_since?.getTime() ?? null,
        visited,
        emptyTimeoutS: settings.emptyTimeoutS,
        departureTimeoutS: settings.departureTimeoutS,
      },
      clock.now(),
    );
    if (wait === null) return;
    this.#cancelTimer = clock.after(Math.max(0, wait), () =>
      this.deps.expired(this, visited ? 'departed' : 'empty'),
    );
  }

  /** Ends timers; the room's people and place are the caller's. */
  stop(): void {
    this.closed = true;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }
}
