import { useMutation, useQueryClient } from '@tanstack/react-query';
import { setCsrfToken, transport } from '../api/transport.ts';

/** Ends the session on the server, and forgets all that was read with it. */
export function useSignOut() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => transport().run('POST', '/api/v1/logout', { json: {} }),
    onSettled: () => {
      setCsrfToken(undefined);
      client.clear();
      location.assign('/');
    },
  });
}
