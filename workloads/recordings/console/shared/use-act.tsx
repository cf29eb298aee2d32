import { ProblemNotice } from '@backlot/console/workload';
import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';

interface Act {
  /** Does it, and shows what went wrong beside the button. */
  readonly run: (work: () => Promise<unknown>) => void;
  /** Does it, and leaves what went wrong to whoever asked. */
  readonly whole: (work: () => Promise<unknown>) => Promise<void>;
  readonly busy: boolean;
  readonly problem: ReactNode;
}

/** Changes something about a channel or a broadcast, and reads again what is shown of recordings. */
export function useAct(): Act {
  const client = useQueryClient();
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const whole = async (work: () => Promise<unknown>) => {
    await work();
    await Promise.all([
      client.invalidateQueries({ queryKey: ['recordings'] }),
      client.invalidateQueries({ queryKey: ['list', '/api/v1/channels'] }),
      client.invalidateQueries({ queryKey: ['list', '/api/v1/broadcasts'] }),
    ]);
  };
  return {
    whole,
    busy,
    run: (work) => {
      setError(null);
      setBusy(true);
      whole(work)
        .catch(setError)
        .finally(() => setBusy(false));
    },
    problem: error === null ? null : <ProblemNotice error={error} inline />,
  };
}
