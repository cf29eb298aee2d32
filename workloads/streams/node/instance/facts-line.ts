/**
 * How an application tells facts of itself: a line on its standard output that begins with this word and goes on with a
 * JSON object. Whatever an application prints else is its log and nothing more.
 */
export const factsWord = '@backlot';

/** Only these are passed on; the rest of what it says stays in its log. */
export interface SaidFacts {
  readonly sessions?: number;
}

export const factsLine = (facts: Readonly<Record<string, unknown>>): string =>
  `${factsWord} ${JSON.stringify(facts)}\n`;

/** What the lines of a text say, the last word of each counting; lines that are cut off or no JSON say nothing. */
export function readFacts(text: string): SaidFacts {
  let said: SaidFacts = {};
  for (const line of text.split('\n')) {
    if (!line.startsWith(`${factsWord} `)) continue;
    try {
      const { sessions } = JSON.parse(line.slice(factsWord.length)) as Record<string, unknown>;
      if (Number.isInteger(sessions) && Number(sessions) >= 0) said = { ...said, sessions: Number(sessions) };
    } catch {
      // Cut off, or something else that begins with the same word.
    }
  }
  return said;
}
