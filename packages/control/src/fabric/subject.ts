/**
 * Subjects are words with dots between them: `replica.7f3a.call`. In a pattern `*` stands for exactly one word
 * and `>`, as the last word, for one or more (the rules of NATS, so that its adapter needs no translation).
 */
const WORD = /^[A-Za-z0-9_-]+$/;

/** Whether it can be published to: words only, no wildcards. */
export function isSubject(subject: string): boolean {
  return subject.split('.').every((word) => WORD.test(word));
}

/** Whether it can be subscribed to. */
export function isPattern(pattern: string): boolean {
  const words = pattern.split('.');
  return words.every(
    (word, index) => WORD.test(word) || word === '*' || (word === '>' && index === words.length - 1),
  );
}

/** Whether a subject is one of those that the pattern means. */
export function matches(pattern: string, subject: string): boolean {
  const wanted = pattern.split('.');
  const words = subject.split('.');
  for (const [index, word] of wanted.entries()) {
    if (word === '>') return words.length > index;
    if (words[index] === undefined || (word !== '*' && word !== words[index])) return false;
  }
  return words.length === wanted.length;
}
