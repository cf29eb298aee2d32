/** Bytes of a close frame's reason that are free (RFC 6455, 5.5.1: 123). A socket throws at more. */
const mostBytes = 120;

/** As much of a sentence as a close frame takes, cut between two characters: Chinese ones have three bytes each. Pure. */
export function closeReason(message: string): string {
  const bytes = Buffer.from(message);
  if (bytes.length <= mostBytes) return message;
  return bytes
    .subarray(0, mostBytes)
    .toString()
    .replace(/\uFFFD+$/u, '');
}
