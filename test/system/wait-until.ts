/** Thrown by what is asked: waiting on is of no use, and the message says why. */
export class Hopeless extends Error {}

/**
 * Asks again and again until the answer is not undefined, null or false. The limit is there to end a test that can
 * never pass; it is far above what the slowest machine needs, and no test measures speed with it.
 */
export async function waitUntil<T>(
  what: string,
  ask: () => T | undefined | null | false | Promise<T | undefined | null | false>,
  { limitMs = 90_000, everyMs = 100 }: { limitMs?: number; everyMs?: number } = {},
): Promise<T> {
  const end = performance.now() + limitMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== null && answer !== false) return answer;
      last = answer;
    } catch (error) {
      if (error instanceof Hopeless) throw error;
      last = error;
    }
    if (performance.now() > end) {
      throw new Error(`Waited ${limitMs} ms in vain until ${what}; the last answer was: ${String(last)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
