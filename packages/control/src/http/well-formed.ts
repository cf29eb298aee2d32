/**
 * PostgreSQL's text holds neither U+0000 nor half of a surrogate pair, and no text that a person means contains
 * them. They are refused at the door, so that no room has to think of them.
 */
export function isStorableText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

/** Deeper input than any schema of ours; refused, because walking it would overflow the stack. */
const deepest = 64;

/** The place of the first text that can't be stored, as `body.name`; undefined when all can. Keys count as well. */
export function findUnstorable(value: unknown, pointer: string, depth = 0): string | undefined {
  if (typeof value === 'string') return isStorableText(value) ? undefined : pointer;
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return undefined;
  if (depth > deepest) return pointer;
  for (const [key, inner] of Object.entries(value)) {
    if (!isStorableText(key)) return pointer;
    const found = findUnstorable(inner, `${pointer}.${key}`, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}
