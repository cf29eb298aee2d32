import type { Retention } from '../../contract/channel.ts';

/** An ended broadcast, as far as keeping it goes. Times are milliseconds since 1970. */
export interface Kept {
  readonly id: string;
  readonly endedAt: number;
  readonly bytes: number;
  /** A copy elsewhere was read back and is the same. */
  readonly verified: boolean;
}

/**
 * Which broadcasts of a channel may go: those that are too old, too many, or too large in all, the oldest first. One without
 * a verified copy stays where the channel asks for one, however full the disk is: nothing is deleted before its copy is
 * verified. Pure.
 */
export function chooseExpired(kept: readonly Kept[], retention: Retention, now: number): string[] {
  const oldest = [...kept].sort((a, b) => a.endedAt - b.endedAt || a.id.localeCompare(b.id));
  const may = (one: Kept) => one.verified || !retention.onlyVerified;
  const going = new Set<string>();
  const { days, broadcasts, bytes } = retention;
  if (days !== undefined) {
    for (const one of oldest) if (may(one) && one.endedAt < now - days * 86_400_000) going.add(one.id);
  }
  // The newest are kept, whatever stands behind them: an older one that may not go makes no newer one go in its place.
  const behind = broadcasts === undefined ? [] : oldest.slice(0, Math.max(0, oldest.length - broadcasts));
  for (const one of behind) if (may(one)) going.add(one.id);
  let size = oldest.reduce((sum, one) => sum + (going.has(one.id) ? 0 : one.bytes), 0);
  for (const one of oldest.slice(0, -1)) {
    if (bytes === undefined || size <= bytes) break;
    if (going.has(one.id) || !may(one)) continue;
    going.add(one.id);
    size -= one.bytes;
  }
  return oldest.filter(({ id }) => going.has(id)).map(({ id }) => id);
}

/** An ended broadcast of which a node whose disk is nearly full holds files. */
export interface HeldThere extends Kept {
  readonly retention: Retention | null;
  /** No other of its channel has ended later. */
  readonly newest: boolean;
  /** Somebody has taken it out of the trash. */
  readonly restored: boolean;
  /** Bytes of its segments that this node holds. */
  readonly held: number;
}

/**
 * Which broadcasts go before their time, because a node that holds them has no room: the oldest, until so many bytes will
 * come free. Only those whose copy was verified, whatever the channel asks for otherwise, and only of channels with a rule by
 * which broadcasts go at all: their people have agreed to that. Never the newest of a channel, and none that was taken back
 * by hand. Pure.
 */
export function chooseForRoom(all: readonly HeldThere[], missing: number): string[] {
  const may = ({ retention, verified, newest, restored, held }: HeldThere) =>
    verified && !newest && !restored && held > 0 && retention !== null && endsAtAll(retention);
  const oldest = all.filter(may).sort((a, b) => a.endedAt - b.endedAt || a.id.localeCompare(b.id));
  const going: string[] = [];
  let left = missing;
  for (const { id, held } of oldest) {
    if (left <= 0) break;
    going.push(id);
    left -= held;
  }
  return going;
}

/** Whether a rule names anything by which a broadcast goes. */
function endsAtAll({ days, broadcasts, bytes }: Retention): boolean {
  return days !== undefined || broadcasts !== undefined || bytes !== undefined;
}
