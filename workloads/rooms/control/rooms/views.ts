import type { Participant, Room, Track } from '../../contract/room.ts';
import type { PeerInfo, ProducerInfo, RoomInfo, SelfInfo } from '../../contract/signalling.ts';
import type { RoomRow } from '../tables.ts';
import type { Member, OwnTrack } from './member.ts';

/** What others see of rooms and of the people in them: pure, from what we hold. */

export function producerInfo(track: OwnTrack): ProducerInfo {
  return {
    producerId: track.id,
    kind: track.kind,
    source: track.source,
    type: track.type,
    paused: track.paused || track.muted,
    muted: track.muted,
    appData: { ...track.appData },
  };
}

export function peerInfo(member: Member): PeerInfo {
  return {
    id: member.identity,
    peerId: member.identity,
    displayName: member.name,
    device: member.device,
    role: member.role,
    metadata: member.metadata,
    producers: [...member.tracks.values()].map(producerInfo),
  };
}

export function selfInfo(member: Member): SelfInfo {
  return {
    id: member.identity,
    displayName: member.name,
    role: member.role,
    permissions: member.permissions,
    metadata: member.metadata,
  };
}

export function roomInfo(row: RoomRow, recording: boolean): RoomInfo {
  const { settings } = row;
  return {
    id: row.id,
    name: row.name,
    locked: row.locked,
    lobby: settings.lobby,
    audience: settings.audience,
    autoSubscribe: settings.autoSubscribe,
    recording,
    metadata: settings.metadata,
    maxTracksPerParticipant: settings.maxTracksPerParticipant,
  };
}

export function trackView(track: OwnTrack): Track {
  return {
    id: track.id,
    identity: track.owner,
    kind: track.kind,
    source: track.source,
    type: track.type,
    codec: track.codec,
    paused: track.paused || track.muted,
    muted: track.muted,
  };
}

function stateOf(member: Member): Participant['state'] {
  if (member.waiting) return 'lobby';
  if (member.via === 'api') return 'api';
  return member.away ? 'away' : 'connected';
}

export function participantView(member: Member): Participant {
  return {
    identity: member.identity,
    name: member.name,
    state: stateOf(member),
    role: member.role,
    permissions: member.permissions,
    metadata: member.metadata,
    joinedAt: member.joinedAt.toISOString(),
    device: member.device,
    tracks: [...member.tracks.values()].map(trackView),
  };
}

export function roomView(
  row: RoomRow,
  now: { readonly participants: number; readonly nodeId: string | null },
): Room {
  return {
    id: row.id,
    name: row.name,
    projectId: row.project_id,
    state: row.state,
    settings: row.settings,
    locked: row.locked,
    participants: now.participants,
    nodeId: now.nodeId,
    jobId: row.job_id,
    createdAt: row.created_at.toISOString(),
    closedAt: row.closed_at?.toISOString() ?? null,
  };
}
