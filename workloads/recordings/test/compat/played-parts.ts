import { systemClock } from '@backlot/contract';
import type { Told } from '../../control/compat/stream/feed.ts';
import type { SocketParts } from '../../control/compat/stream/forward-socket.ts';
import type { GatewayRow } from '../../control/compat/tables.ts';

/** A line of the log: what it says, and its facts. */
export interface Logged {
  readonly text: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** What a reverse link needs of its surroundings, in tests: the network and the clock are real, the rooms and the feed played. */
export interface PlayedParts {
  readonly parts: SocketParts;
  readonly gateway: GatewayRow;
  readonly warned: Logged[];
  /** How often rooms were asked for: a command that was done. */
  done(): number;
  /** What happens tells `told` to the link. */
  tell(told: Told): void;
}

/** @param work what each command takes; until it resolves the command is being done */
export function playedParts(work: () => Promise<void> = () => Promise.resolve()): PlayedParts {
  const warned: Logged[] = [];
  let done = 0;
  let listener: (told: Told) => void = () => {};
  const query = {
    select: () => query,
    where: () => query,
    executeTakeFirst: () => Promise.resolve({ value: { allowLoopback: true, allowPrivateNetworks: false } }),
  };
  const warn = (facts: Logged['facts'], text: string) => warned.push({ facts, text });
  const parts = {
    kernel: { db: { selectFrom: () => query }, clock: systemClock, log: { warn, debug() {} } },
    feed: {
      listen(_gateway: unknown, tell: (told: Told) => void) {
        listener = tell;
        return () => {};
      },
    },
    rooms: {
      async all() {
        done += 1;
        await work();
        return [];
      },
    },
  } as unknown as SocketParts;
  const gateway = { project_id: 'the-project' } as GatewayRow;
  return { parts, gateway, warned, done: () => done, tell: (told) => listener(told) };
}

/** An event with a number, and as many bytes as are wanted. */
export const event = (number: number, bytes = 0): Told => ({
  CMD: 'FileClosed',
  ID: `${number}`.padEnd(bytes, ' '),
});
export const numberOf = (message: unknown): number => Number((message as { ID?: unknown }).ID ?? Number.NaN);

/** From the first number to the last, both of them. */
export const from = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);
