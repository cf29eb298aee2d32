import { useMutation, useQueryClient } from '@tanstack/react-query';

/**
 * A change on the server, and what must be read again after it. Events say the same a moment later; this is for whoever
 * has clicked and looks.
 */
export function useAct() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (act: () => Promise<unknown>) => act(),
    onSettled: () =>
      client.invalidateQueries({
        predicate: ({ queryKey }) =>
          queryKey[0] === 'streams' ||
          (queryKey[0] === 'list' &&
            typeof queryKey[1] === 'string' &&
            queryKey[1].startsWith('/api/v1/streams')),
      }),
  });
}
