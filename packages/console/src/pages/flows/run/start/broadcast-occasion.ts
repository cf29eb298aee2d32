import { Page } from '@backlot/contract/api/common';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { z } from 'zod';
import { transport } from '../../../../api/transport.ts';
import type { Given } from './start-input.ts';

/** The trigger that a broadcast fires; a run by hand may do the same for one that was recorded earlier. */
export const BROADCAST_ENDED = 'recordings.broadcast-ended';

/** As much of a broadcast as is shown and told. It belongs to a workload that this page does not know. */
export const EndedBroadcast = z.object({
  id: z.string(),
  title: z.string().nullable(),
  channelId: z.string(),
  channelName: z.string(),
  startedAt: z.string(),
  endedAt: z.string().nullable(),
  durationMs: z.number(),
  lossMs: z.number(),
  bytes: z.number(),
  takes: z.number(),
  segments: z.number(),
});
export type EndedBroadcast = z.infer<typeof EndedBroadcast>;

const Segments = z.object({
  takes: z.array(z.object({ id: z.string(), number: z.number() })),
  segments: z.array(
    z.object({
      artifactId: z.string(),
      takeId: z.string(),
      number: z.number(),
      firstWall: z.number(),
      size: z.number(),
    }),
  ),
});
export type Segments = z.infer<typeof Segments>;

/** Broadcasts that are over and still there, newest first. There are more each day: the server searches them. */
export const endedBroadcastsQuery = (projectId: string, text: string | undefined) =>
  queryOptions({
    queryKey: ['flows', 'ended-broadcasts', projectId, text],
    queryFn: async ({ signal }) =>
      (
        await transport().call('GET', '/api/v1/broadcasts', Page(EndedBroadcast), {
          query: { projectId, state: 'ended', limit: 50, ...(text === undefined ? {} : { text }) },
          signal,
        })
      ).items,
    placeholderData: keepPreviousData,
    retry: false,
  });

export async function readSegments(id: string): Promise<Segments> {
  return transport().call('GET', `/api/v1/broadcasts/${encodeURIComponent(id)}/timeline`, Segments);
}

/** The segments in the order of their time, called as in the list of a broadcast: take and number. Pure. */
export function givenSegments({ takes, segments }: Segments): Given[] {
  const takeOf = new Map(takes.map(({ id, number }) => [id, number]));
  return segments
    .toSorted((one, other) => one.firstWall - other.firstWall || one.number - other.number)
    .map(({ artifactId, takeId, number, size }) => ({
      id: artifactId,
      name: `${takeOf.get(takeId) ?? '?'} · ${number}`,
      size,
    }));
}

/** What the trigger would have told of it (`firedByBroadcast` of the workload), as far as it is known later. Pure. */
export function toldOf(broadcast: EndedBroadcast): Readonly<Record<string, unknown>> {
  const { id, title, channelId, channelName, startedAt, endedAt, durationMs, lossMs, bytes, takes } =
    broadcast;
  return {
    broadcast: id,
    channel: channelName,
    channelId,
    title: title ?? '',
    startedAt,
    endedAt,
    durationMs,
    lossMs,
    bytes,
    takes,
  };
}
