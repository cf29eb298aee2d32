/** White space of any kind: a message is one line. */
const spaces = /[\t-\r\u0085\u2028\u2029]+/g;
/** Controls, marks that show what follows backwards, and characters that nobody sees; joiners stay, for scripts and emoji. */
const unseen = /[\p{Cc}\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/gu;
/** Marks heaped on one letter reach into the lines above and below. */
const heaped = /(\p{M}{3})\p{M}+/gu;

/**
 * Words of a stranger in a chat as one line of plain text, at most so many UTF-16 units, without half of a surrogate pair. They
 * are copied: a part of a string keeps all of it in memory, and a line would keep the chunk of the file that it came in. Pure.
 */
export function cleanWords(text: string, most: number): string {
  const plain = text.replace(spaces, ' ').replace(unseen, '').replace(heaped, '$1').trim();
  return Buffer.from(plain.slice(0, most).toWellFormed()).toString();
}
