import type { Kernel } from '@backlot/control/workload';
import type { GatewayRow } from '../tables.ts';
import type { OverflowObserver } from './backlog.ts';

/** Writes down that a peer misses events: a line when it begins and one that counts them, however many they are. */
export function overflowLog(
  log: Kernel['log'],
  gateway: Pick<GatewayRow, 'project_id'>,
  url: string,
): OverflowObserver {
  // The rest of the address may carry a token.
  const peer = { project: gateway.project_id, host: new URL(url).host };
  return {
    began: () =>
      log.warn(
        peer,
        'a reverse address of NGlive’s takes events too slowly: the oldest that wait are dropped',
      ),
    ended: (dropped) =>
      log.warn({ ...peer, dropped }, 'events were not told to a reverse address of NGlive’s'),
  };
}
