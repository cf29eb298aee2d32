import type { Me } from '@backlot/contract/api/access';
import { useQueryClient } from '@tanstack/react-query';
import { setCsrfToken } from '../api/transport.ts';
import { meQuery } from './session.tsx';

/** What follows on a sign-in: the new session's proof is kept, and everything is read with its rights. */
export function useSignIn(): (me: Me) => void {
  const client = useQueryClient();
  return (me) => {
    setCsrfToken(me.csrfToken);
    client.setQueryData(meQuery().queryKey, me);
    void client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== 'me' });
  };
}
