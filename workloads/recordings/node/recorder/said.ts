/**
 * Words of somebody else, as a fact may carry them and a database store them: no NUL, no half of a surrogate pair (cutting can
 * make one, so that is looked at last), and no longer than the contract allows. Pure.
 */
export function said(text: string, most: number): string {
  return text.replaceAll('\0', '').slice(0, most).toWellFormed();
}

/** Limits of `contract/facts.ts` and `contract/segment.ts`, in UTF-16 units. */
export const mostSaid = {
  title: 1_000,
  address: 4_000,
  why: 60,
  takeEnd: 200,
  what: 200,
  stall: 60,
  state: 40,
  reason: 500,
  disk: 300,
} as const;
