/** Why a command line can't be taken over as it is. */
export type CommandFault =
  | { readonly kind: 'open-quote' }
  | { readonly kind: 'empty' }
  /** Something that only a shell understands. */
  | { readonly kind: 'shell'; readonly what: string };

/**
 * Splits a command line into arguments the way a POSIX shell splits words, and nothing else of a shell: quotes and
 * backslashes are taken off, nothing is expanded. What would need a shell (pipes, redirections, several commands,
 * variables, substitutions) is refused by its name, because taking it as text would start something else than was meant.
 *
 * A backslash before an ordinary letter stays, so that Windows paths survive.
 */
export function splitCommand(line: string): readonly string[] | CommandFault {
  const words: string[] = [];
  let word: string | undefined;
  let quote: '"' | "'" | undefined;
  for (let at = 0; at < line.length; at += 1) {
    const char = line[at] as string;
    const next = line[at + 1];
    if (quote === "'") {
      if (char === "'") quote = undefined;
      else word += char;
    } else if (quote === '"') {
      if (char === '"') quote = undefined;
      else if (char === '\\' && next !== undefined && '"\\$`'.includes(next)) {
        word += next;
        at += 1;
      } else if (char === '`' || (char === '$' && next === '(')) return { kind: 'shell', what: char };
      else word += char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (char === '\\' && next !== undefined && ' \t"\'\\$`&|;<>()'.includes(next)) {
      word = (word ?? '') + next;
      at += 1;
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if ('|&;<>`'.includes(char) || (char === '$' && (next === '(' || next === '{'))) {
      return { kind: 'shell', what: char };
    } else {
      word = (word ?? '') + char;
    }
  }
  if (quote !== undefined) return { kind: 'open-quote' };
  if (word !== undefined) words.push(word);
  return words.length === 0 ? { kind: 'empty' } : words;
}
