import type { InstanceEnd, InstanceState } from '../../contract.ts';

/** An instance as the keeper of an app's pool sees it. */
export interface PoolInstance {
  readonly id: string;
  readonly state: InstanceState;
  readonly trial: boolean;
  /** Its streamer's socket is open. */
  readonly connected: boolean;
  /** Why it should be replaced; null: it is as good as new. */
  readonly retire: InstanceEnd | null;
  /** Seconds since it was asked for. */
  readonly ageSeconds: number;
}

/** What an app wants now. */
export interface PoolWish {
  readonly enabled: boolean;
  readonly warm: number;
  readonly maxInstances: number;
  /** Sessions that wait for an instance, without trials. */
  readonly waiting: number;
}

/** What to do about it. */
export interface PoolPlan {
  readonly start: number;
  readonly stop: readonly { readonly id: string; readonly why: InstanceEnd }[];
}

/** A replacement that has found no place after this long will find none while the old one holds it. Seconds. */
export const replacementPatienceS = 15;

/**
 * Compares what there is with what is wanted: an instance for everybody who waits, and `warm` free ones beside. One that
 * should be replaced goes when its replacement is ready, not before, unless it is in the way: when the app may have no
 * more instances, or the replacement finds no place.
 *
 * Pure. Instances in use are never touched.
 */
export function planPool(wish: PoolWish, all: readonly PoolInstance[]): PoolPlan {
  const pool = all.filter(({ trial, state }) => !trial && state !== 'ended');
  const free = pool.filter(({ state }) => state === 'ready');
  const coming = pool.filter(({ state }) => ['requested', 'starting', 'resetting'].includes(state));
  if (!wish.enabled) {
    const stoppable = pool.filter(({ state }) => ['ready', 'requested', 'starting'].includes(state));
    return { start: 0, stop: stoppable.map(({ id }) => ({ id, why: 'disabled' as const })) };
  }
  // One whose socket is away counts as well: it is back in a moment (we may have been started anew), or it is given up
  // soon, with its reason booked. Starting another one at once would pass by the pause after a crash.
  const fresh = free.filter(({ retire }) => retire === null);
  const worn = free.filter(({ retire }) => retire !== null);
  const useful = coming.filter(({ retire }) => retire === null);
  const wanted = wish.waiting + wish.warm;
  const missing = Math.max(0, wanted - fresh.length - useful.length);
  const room = Math.max(0, wish.maxInstances - pool.filter(({ state }) => state !== 'stopping').length);
  const start = Math.min(missing, room);
  const stop: { id: string; why: InstanceEnd }[] = [];

  const surplus = fresh.length + useful.length - wanted;
  const stuck = useful.some(
    ({ state, ageSeconds }) => state === 'requested' && ageSeconds >= replacementPatienceS,
  );
  // How many worn ones must stay for now, so that there are as many free ones as the app wants.
  const needed = Math.max(0, Math.min(wish.warm, wanted) - fresh.length);
  const blocked = missing > start || stuck;
  const keep = blocked ? Math.max(0, needed - 1) : needed;
  for (const instance of worn.slice(0, Math.max(0, worn.length - keep)))
    stop.push({ id: instance.id, why: instance.retire ?? 'surplus' });
  if (surplus > 0) {
    // What has not started yet costs least to give up, then the oldest of those that stand free.
    const order = [
      ...useful.filter(({ state }) => state === 'requested'),
      ...useful.filter(({ state }) => state === 'starting'),
      ...fresh.toSorted((a, b) => Number(a.connected) - Number(b.connected)),
    ];
    for (const { id, state } of order.slice(0, surplus))
      stop.push({ id, why: state === 'ready' ? 'surplus' : 'unused' });
  }
  return { start, stop };
}
