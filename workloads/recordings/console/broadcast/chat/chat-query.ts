import { transport } from '@backlot/console/workload';
import { queryOptions } from '@tanstack/react-query';
import { contentPath } from '../../queries.ts';
import { readChat } from './read-chat.ts';

/**
 * The chat of a film, read once: an artifact never changes. Its key is none of those that a change of recordings makes
 * stale, and `static` keeps it when the event stream was away and all else is read anew.
 */
export const chatQuery = (artifactId: string) =>
  queryOptions({
    queryKey: ['recordings-chat', artifactId],
    queryFn: async ({ signal }) =>
      readChat(await transport().send('GET', contentPath(artifactId), { signal })),
    staleTime: 'static',
    refetchInterval: false,
    // Comparing 100,000 lines with what they were before would find nothing.
    structuralSharing: false,
  });
