import { listQuery, transport } from '@backlot/console/workload';
import { queryOptions } from '@tanstack/react-query';
import { HostList, LobbyList, ParticipantList } from '../contract/api.ts';
import { RoomDescription } from '../contract/media/calls.ts';
import { type Recording, RecordingPage } from '../contract/recording.ts';
import { Room } from '../contract/room.ts';

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** The API's address of a room. */
export const roomPath = (id: string) => `/api/v1/rooms/${encodeURIComponent(id)}`;
export const participantPath = (room: string, identity: string) =>
  `${roomPath(room)}/participants/${encodeURIComponent(identity)}`;

export const roomsQuery = (query: Query) => listQuery('/api/v1/rooms', Room, query, ['room']);

export const roomQuery = (id: string) =>
  queryOptions({
    queryKey: ['rooms', id],
    queryFn: ({ signal }) => transport().call('GET', roomPath(id), Room, { signal }),
    meta: { subjects: [`room:${id}`] },
    refetchInterval: 10_000,
  });

export const peopleQuery = (id: string) =>
  queryOptions({
    queryKey: ['rooms', id, 'participants'],
    queryFn: async ({ signal }) =>
      (await transport().call('GET', `${roomPath(id)}/participants`, ParticipantList, { signal })).items,
    meta: { subjects: [`room:${id}`] },
    refetchInterval: 5_000,
  });

export const lobbyQuery = (id: string) =>
  queryOptions({
    queryKey: ['rooms', id, 'lobby'],
    queryFn: async ({ signal }) =>
      (await transport().call('GET', `${roomPath(id)}/lobby`, LobbyList, { signal })).items,
    meta: { subjects: [`room:${id}`] },
    refetchInterval: 3_000,
  });

/** Scores and layers change all the time and are no events: they are looked at while somebody looks. */
export const mediaQuery = (id: string, enabled: boolean) =>
  queryOptions({
    queryKey: ['rooms', id, 'media'],
    queryFn: ({ signal }) => transport().call('GET', `${roomPath(id)}/media`, RoomDescription, { signal }),
    meta: { subjects: [`room:${id}`] },
    refetchInterval: 2_000,
    retry: false,
    enabled,
  });

export const recordingsQuery = (id: string) =>
  queryOptions({
    queryKey: ['rooms', id, 'recordings'],
    queryFn: async ({ signal }): Promise<readonly Recording[]> =>
      (await transport().call('GET', `${roomPath(id)}/recordings`, RecordingPage, { signal })).items,
    meta: { subjects: [`room:${id}`, 'artifact', 'job'] },
    refetchInterval: 5_000,
  });

export const hostsQuery = () =>
  queryOptions({
    queryKey: ['rooms', 'hosts'],
    queryFn: async ({ signal }) =>
      (await transport().call('GET', '/api/v1/rooms/hosts', HostList, { signal })).items,
    meta: { subjects: ['room', 'node'] },
    refetchInterval: 3_000,
  });
