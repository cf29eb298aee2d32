import { BacklotError } from '@backlot/contract';
import { roomErrors } from '../../contract/errors.ts';
import {
  type PermissionChanges,
  type Permissions,
  permissionsOf,
  type Role,
  type TrackSource,
} from '../../contract/grants.ts';
import type { Moderator } from '../ports.ts';
import { consequencesOf } from './decisions/rights.ts';
import type { LiveRoom } from './live-room.ts';
import { endTrack } from './media-events.ts';
import type { Member, OwnTrack } from './member.ts';
import { settle, suspect } from './offers.ts';
import { tellLobby } from './presence.ts';

/** What a moderator does to others while they are connected. Rights of the moderator were checked by whoever calls. */

/** Mutes tracks, or lets them go on. A track that is let go on stays paused until its owner resumes it: nobody is made audible by somebody else. */
export async function muteTracks(
  room: LiveRoom,
  member: Member,
  tracks: readonly OwnTrack[],
  muted: boolean,
  by: Moderator,
): Promise<string[]> {
  const changed: string[] = [];
  for (const track of tracks) {
    silence(room, member.identity, track.source, muted);
    if (track.muted === muted) continue;
    if (muted && !track.paused)
      await room.place.call(
        'pauseProducer',
        { producerId: track.id, owner: member.identity },
        { about: track.id },
      );
    track.muted = muted;
    track.paused = true;
    changed.push(track.id);
    member.listener?.notify('muted', { producerId: track.id, muted, by: by.name });
    if (muted) tellPaused(room, member, track);
    room.trackChanged(track);
  }
  if (changed.length > 0) room.remember(member);
  return changed;
}

function silence(room: LiveRoom, identity: string, source: TrackSource, muted: boolean): void {
  const sources = room.silenced.get(identity);
  if (muted) {
    if (sources) sources.add(source);
    else room.silenced.set(identity, new Set([source]));
  } else if (sources?.delete(source) && sources.size === 0) room.silenced.delete(identity);
}

export function tellPaused(room: LiveRoom, member: Member, track: OwnTrack): void {
  if (!member.announced) return;
  const data = { peerId: member.identity, producerId: track.id };
  if (track.paused || track.muted) room.tell('producerPaused', { ...data, muted: track.muted }, member);
  else room.tell('producerResumed', data, member);
}

/** Other rights, at once: what is not allowed any more ends, what is newly allowed is offered. */
export async function changeRights(
  room: LiveRoom,
  member: Member,
  change: { readonly role?: Role; readonly permissions?: PermissionChanges },
): Promise<void> {
  const before = member.permissions;
  if (change.role !== undefined) {
    member.role = change.role;
    member.permissions = permissionsOf(change.role, { hidden: before.hidden });
  }
  if (change.permissions) {
    const given = Object.fromEntries(
      Object.entries(change.permissions).filter(([, value]) => value !== undefined),
    ) as Partial<Permissions>;
    member.permissions = { ...member.permissions, ...given };
  }
  const follows = consequencesOf(before, member.permissions);
  member.listener?.notify('permissionsChanged', { role: member.role, permissions: member.permissions });
  for (const track of [...member.tracks.values()]) {
    if (!follows.unpublish(track.source)) continue;
    await room.place
      .call('closeProducer', { producerId: track.id, owner: member.identity })
      .catch((error: unknown) => suspect(room, error));
    if (member.tracks.has(track.id)) endTrack(room, member, track);
  }
  if (follows.closeData) {
    for (const { id } of [...member.dataProducers.values()]) {
      member.dataProducers.delete(id);
      await room.place
        .call('closeDataProducer', { dataProducerId: id, owner: member.identity })
        .catch((error: unknown) => suspect(room, error));
    }
  }
  room.present(member);
  room.participantChanged(member);
  if (member.permissions.admin && !before.admin && room.row.settings.lobby) tellLobby(room);
  if (member.joined && (follows.subscribe || follows.unsubscribe || follows.openData || follows.closeData)) {
    await settle(room, member);
  }
}

/** Whether a moderator has a say in this room too: the API's rights were checked, a participant must be one here. */
export function moderates(room: LiveRoom, by: Moderator): boolean {
  if (by.actor !== null) return true;
  const own = by.identity === null ? undefined : room.members.get(by.identity);
  return own?.joined === true && !own.ended && own.permissions.admin;
}

/** What somebody may do in a room whose moderators have not made them one, nor hidden them. */
export function withoutOffice({ role, permissions }: Pick<Member, 'role' | 'permissions'>): {
  role: Role;
  permissions: Permissions;
} {
  return {
    role: role === 'host' ? 'member' : role,
    permissions: { ...permissions, admin: false, hidden: false },
  };
}

/** Lets somebody in who waits. */
export function admit(room: LiveRoom, identity: string): void {
  const member = waitingMember(room, identity);
  room.admitted.add(identity);
  member.waiting = false;
  member.listener?.notify('admitted', {});
  tellLobby(room);
}

export function waitingMember(room: LiveRoom, identity: string): Member {
  const member = room.member(identity);
  if (!member.waiting) throw new BacklotError(roomErrors.participant_not_found, { params: { identity } });
  return member;
}
