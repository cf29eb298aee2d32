/**
 * How long a server asks to be left alone, by its `Retry-After` (RFC 9110 §10.2.3): seconds, or a date. 0 when it does
 * not ask, or nobody can read what it asks. Milliseconds.
 *
 * @param sentAt its `Date`: where there is one the date is read by the server's own clock
 * @param now our clock; milliseconds since 1970
 */
export function retryAfterMs(asked: string | undefined, sentAt: string | undefined, now: number): number {
  const text = asked?.trim() ?? '';
  if (/^\d{1,9}(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  const until = dateOf(text);
  return until === undefined ? 0 : Math.max(0, until - (dateOf(sentAt) ?? now));
}

/** Dates begin with the name of a day, in each of the notations that HTTP knows. */
function dateOf(text: string | undefined): number | undefined {
  const at = /^[A-Z][a-z]{2}/.test(text ?? '') ? Date.parse(text ?? '') : Number.NaN;
  return Number.isFinite(at) ? at : undefined;
}
