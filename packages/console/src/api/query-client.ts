import { QueryCache, QueryClient } from '@tanstack/react-query';
import { isRetryable, isUnauthenticated } from './problem.ts';

/**
 * The cache of everything read from the API. Freshness comes from the event stream; the slow re-reads are only
 * the safety net for events that were lost, as everywhere else in the system.
 */
export function createQueryClient(onSignedOut: () => void): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({
      onError: (error) => {
        if (isUnauthenticated(error)) onSignedOut();
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        gcTime: 5 * 60_000,
        refetchInterval: 30_000,
        refetchIntervalInBackground: false,
        retry: (failures, error) => isRetryable(error) && failures < 2,
        retryDelay: (attempt) => Math.min(500 * 2 ** attempt, 5_000),
        // The API is often on loopback or in a LAN without any way out, where browsers claim to be offline.
        networkMode: 'always',
      },
      mutations: { networkMode: 'always', retry: false },
    },
  });
}
