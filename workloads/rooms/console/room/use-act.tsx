import { ProblemNotice } from '@backlot/console/workload';
import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';

interface Act {
  /** Does it, and shows what went wrong beside the button. */
  readonly run: (work: () => Promise<unknown>) => void;
  /** Does it, and leaves what went wrong to whoever asked. */
  readonly whole: (work: () => Promise<unknown>) => Promise<void>;
  readonly problem: ReactNode;
}

/** Changes something about a room, and reads again what is shown of it. */
export function useAct(roomId: string): Act {
  const client = useQueryClient();
  const [error, setError] = useState<unknown>(null);
  const whole = async (work: () => Promise<unknown>) => {
    await work();
    await client.invalidateQueries({ queryKey: ['rooms', roomId] });
  };
  return {
    whole,
    run: (work) => {
      setError(null);
      whole(work).catch(setError);
    },
    problem: error === null ? null : <ProblemNotice error={error} inline />,
  };
}
