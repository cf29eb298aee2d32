import type { Room, TrackStats } from '@backlot/sdk/rooms';
import { useEffect, useState } from 'react';

/** Numbers of all tracks, read once a second while somebody looks at them. */
export function useStats(room: Room): readonly TrackStats[] {
  const [stats, setStats] = useState<readonly TrackStats[]>([]);
  useEffect(() => {
    let wanted = true;
    const read = () =>
      room.stats().then(
        (now) => wanted && setStats(now),
        () => undefined, // The room was left in this moment.
      );
    void read();
    const timer = setInterval(read, 1_000);
    return () => {
      wanted = false;
      clearInterval(timer);
    };
  }, [room]);
  return stats;
}
