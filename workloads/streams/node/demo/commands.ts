/**
 * What the demo application can be told, by a UIInteraction of a page (`{"demo":"reset"}`), by a request to its port, or
 * by a line on its standard input: its ordinary reset, and every way in which a real application goes wrong.
 *
 * reset   forgets what was drawn, typed and leaked, and shows a picture again
 * state   tells how it is
 * black   goes on sending pictures, with nothing on them
 * leak    takes `megabytes` (64) of memory and keeps them
 * hang    stops doing anything, with all connections open
 * crash   ends by a signal
 * exit    ends with `code` (0)
 * deaf    acknowledges no reset any more
 */
export const demoCommands = ['reset', 'state', 'black', 'leak', 'hang', 'crash', 'exit', 'deaf'] as const;
export type DemoCommandName = (typeof demoCommands)[number];

export interface DemoCommand {
  readonly demo: DemoCommandName;
  readonly megabytes?: number;
  readonly code?: number;
}

/** The most that it can be told to leak at once. */
const mostMegabytes = 16_384;

/** Reads a command; undefined for everything else that a page may send. */
export function readCommand(value: unknown): DemoCommand | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { demo, megabytes, code } = value as Record<string, unknown>;
  const name = demoCommands.find((known) => known === demo);
  if (name === undefined) return undefined;
  return {
    demo: name,
    ...(whole(megabytes, mostMegabytes) === undefined ? {} : { megabytes: Number(megabytes) }),
    ...(whole(code, 255) === undefined ? {} : { code: Number(code) }),
  };
}

/** The same for a text; never throws. */
export function readCommandText(text: string): DemoCommand | undefined {
  try {
    return readCommand(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function whole(value: unknown, limit: number): number | undefined {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= limit
    ? number
    : undefined;
}
