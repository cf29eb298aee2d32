/** The text of a flow with what it was before and what was taken back: one history for the picture and the text. */
export interface History {
  readonly text: string;
  readonly past: readonly string[];
  readonly future: readonly string[];
  /** What made the newest change, and when (ms): typing goes on in the same entry. */
  readonly last: { readonly by: string; readonly at: number } | null;
}

const most = 200;
/** A pause in typing that begins a new entry, in ms. */
const pause = 900;

export const startHistory = (text: string): History => ({ text, past: [], future: [], last: null });

/**
 * A new text. Changes of the same source within a short while (letters that are typed, a node that is nudged by the
 * arrow keys) are one entry; `by` is undefined for a change that stands alone.
 */
export function record(history: History, text: string, at: number, by?: string): History {
  if (text === history.text) return history;
  const goesOn = by !== undefined && history.last?.by === by && at - history.last.at < pause;
  return {
    text,
    past: goesOn ? history.past : [...history.past, history.text].slice(-most),
    future: [],
    last: by === undefined ? null : { by, at },
  };
}

export function undo(history: History): History {
  const text = history.past.at(-1);
  if (text === undefined) return history;
  return { text, past: history.past.slice(0, -1), future: [history.text, ...history.future], last: null };
}

export function redo(history: History): History {
  const [text, ...future] = history.future;
  if (text === undefined) return history;
  return { text, past: [...history.past, history.text], future, last: null };
}
