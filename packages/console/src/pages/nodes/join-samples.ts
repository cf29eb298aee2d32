import type { NodeLoad } from '@backlot/contract/link/messages';

/** Stored samples with the live value behind them, in order, each moment once. */
export function joinSamples(samples: readonly NodeLoad[], live: NodeLoad | null): NodeLoad[] {
  const sorted = [...samples].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  const last = sorted.at(-1);
  if (live && (!last || Date.parse(live.at) > Date.parse(last.at))) sorted.push(live);
  return sorted;
}
