import { type ChatLine, chatLineKinds } from '../../../contract/chat.ts';
import type { ChatLineKind } from './line.ts';

/** How many of the lines, which are in the order of time, had been written when the film was at `ms`. */
export function countUntil(lines: readonly { readonly ms: number }[], ms: number): number {
  let low = 0;
  let high = lines.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((lines[middle]?.ms ?? 0) <= ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

export type KindCounts = Readonly<Record<ChatLineKind, number>>;

export function countKinds(lines: readonly ChatLine[]): KindCounts {
  const counts = Object.fromEntries(chatLineKinds.map((kind) => [kind, 0])) as Record<ChatLineKind, number>;
  for (const { kind } of lines) counts[kind] += 1;
  return counts;
}

/** Lines of the kinds that are not hidden. The very same list when that is all of them. */
export function withoutKinds(
  lines: readonly ChatLine[],
  hidden: readonly ChatLineKind[],
): readonly ChatLine[] {
  return hidden.length === 0 ? lines : lines.filter(({ kind }) => !hidden.includes(kind));
}

/** Lines in which somebody wrote these words, or whose writer is called so. Upper and lower case, full and half width are one. */
export function linesWith(lines: readonly ChatLine[], words: string): readonly ChatLine[] {
  const wanted = folded(words.trim());
  if (wanted === '') return lines;
  return lines.filter(({ text, user }) => folded(text).includes(wanted) || folded(user).includes(wanted));
}

const folded = (text: string) => text.normalize('NFKC').toLowerCase();
