import { StoreFault } from '../store-fault.ts';
import type { LedgerPart } from './part-ledger.ts';
import { isUnsupported } from './s3-fault.ts';

/**
 * So often in a row a store may refuse our parts without it being found out which it means, before all of them are sent
 * again. With the pauses between tries (`pauseMs`) these are a few minutes: longer than a store's hiccup, and shorter than
 * an attempt's patience also where each look takes as long as it may.
 */
export const mostDoubts = 8;

/** A store has refused to put parts together. */
export interface Refusal {
  /** As our book has them. */
  readonly noted: readonly LedgerPart[];
  /** What the store lists; or why it does not. */
  readonly listed: ReadonlyMap<number, LedgerPart> | StoreFault;
  /** The part that its refusal names, as AWS's does. */
  readonly named: number | undefined;
  /** Refusals before this one that nothing has explained. */
  readonly doubts: number;
}

/**
 * The parts that are sent again: those that the store has otherwise than we noted, or not at all; else the one that it names.
 * A list that fails says nothing of any part, so it is asked for again. Only of a store that has no lists, or after
 * `mostDoubts`, all are suspect. Pure.
 *
 * @returns numbers, none when it has to be asked again; and whether that settles it, or is one more doubt
 */
export function suspectParts({ noted, listed, named, doubts }: Refusal): {
  readonly numbers: readonly number[];
  readonly settled: boolean;
} {
  if (!(listed instanceof StoreFault)) {
    const wrong = noted.filter(({ number, etag, size }) => {
      const there = listed.get(number);
      return !there || bare(there.etag) !== bare(etag) || there.size !== size;
    });
    if (wrong.length > 0) return { numbers: wrong.map(({ number }) => number), settled: true };
  }
  const last = doubts + 1 >= mostDoubts;
  if (!last && named !== undefined && noted.some(({ number }) => number === named)) {
    return { numbers: [named], settled: false };
  }
  const blind = listed instanceof StoreFault && listsNothing(listed);
  if (last || blind) return { numbers: noted.map(({ number }) => number), settled: true };
  return { numbers: [], settled: false };
}

/** Not now, or never: who forbids lists, or does not know them, will not give one later. */
function listsNothing(fault: StoreFault): boolean {
  return fault.kind === 'refused' || fault.kind === 'missing' || isUnsupported(fault);
}

/** ETags come in quotation marks. */
export function bare(etag: string): string {
  return etag.replace(/^"|"$/g, '');
}
