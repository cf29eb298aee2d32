import type { ChatLine } from '../../contract/chat.ts';

/** Recorders of one room hear the same within so much. Milliseconds. */
export const TWIN_MS = 2_000;

/** A line, and which file it is of. */
export interface FiledLine {
  readonly file: number;
  readonly line: ChatLine;
}

/**
 * Lines of several files in the order of time, in that of the files where it is the same, and what two files have of one
 * saying once: files of two recorders overlap where a broadcast moved. The same words twice in one file were said twice. Pure.
 */
export function orderLines(lines: readonly FiledLine[]): ChatLine[] {
  const kept = new Map<string, Map<number, number>>();
  return lines
    .toSorted((a, b) => a.line.ms - b.line.ms || a.file - b.file)
    .filter(({ file, line }) => {
      const { ms, kind, user, text } = line;
      const key = `${kind}\0${user}\0${text}`;
      const heard = kept.get(key) ?? new Map<number, number>();
      for (const [other, at] of heard) if (other !== file && ms - at <= TWIN_MS) return false;
      kept.set(key, heard.set(file, ms));
      return true;
    })
    .map(({ line }) => line);
}
