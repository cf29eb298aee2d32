import { listQuery, transport } from '@backlot/console/workload';
import { queryOptions } from '@tanstack/react-query';
import { Broadcast, Calendar, Timeline } from '../contract/broadcast.ts';
import { Channel, IngestAddress } from '../contract/channel.ts';

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export const channelPath = (id: string) => `/api/v1/channels/${encodeURIComponent(id)}`;
export const broadcastPath = (id: string) => `/api/v1/broadcasts/${encodeURIComponent(id)}`;
export const contentPath = (artifactId: string) =>
  `/api/v1/artifacts/${encodeURIComponent(artifactId)}/content`;

/** Where the newest picture of a channel is; null while it is not live. */
export const thumbnailOf = ({ id, state }: Channel): string | null =>
  state === 'live' ? `${channelPath(id)}/thumbnail?width=480` : null;

export const channelsQuery = (query: Query) =>
  listQuery('/api/v1/channels', Channel, query, ['channel', 'broadcast', 'progress']);

/** For a choice among all channels: their names do not change with what they record. */
export const channelChoices = (projectId: string | undefined) =>
  listQuery('/api/v1/channels', Channel, { projectId }, ['channel']);

export const channelQuery = (id: string) =>
  queryOptions({
    queryKey: ['recordings', 'channel', id],
    queryFn: ({ signal }) => transport().call('GET', channelPath(id), Channel, { signal }),
    meta: { subjects: [`channel:${id}`, 'broadcast'] },
    // Bitrate and loss are no events.
    refetchInterval: 3_000,
  });

/** The key is a secret: it is asked for only where it is shown, and not kept. */
export const ingestQuery = (id: string) =>
  queryOptions({
    queryKey: ['recordings', 'channel', id, 'ingest'],
    queryFn: ({ signal }) => transport().call('GET', `${channelPath(id)}/ingest`, IngestAddress, { signal }),
    meta: { subjects: [`channel:${id}`] },
    gcTime: 0,
  });

export const broadcastsQuery = (query: Query) =>
  listQuery('/api/v1/broadcasts', Broadcast, query, ['broadcast', 'channel', 'flow-run']);

export const calendarQuery = (query: { from: string; to: string; timeZone: string } & Query) =>
  queryOptions({
    queryKey: ['recordings', 'calendar', query],
    queryFn: ({ signal }) =>
      transport().call('GET', '/api/v1/broadcasts/calendar', Calendar, { query, signal }),
    meta: { subjects: ['broadcast'] },
  });

export const timelineQuery = (id: string) =>
  queryOptions({
    queryKey: ['recordings', 'broadcast', id, 'timeline'],
    queryFn: ({ signal }) => transport().call('GET', `${broadcastPath(id)}/timeline`, Timeline, { signal }),
    meta: { subjects: [`broadcast:${id}`, 'artifact', 'flow-run'] },
    refetchInterval: (query) => (query.state.data?.broadcast.state === 'live' ? 5_000 : 60_000),
  });
