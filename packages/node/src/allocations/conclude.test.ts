import type { Offer } from '@backlot/contract';
import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { TaskContext, TaskExecutor } from '../workload.ts';
import { conclude } from './conclude.ts';
import { type AllocationFacts, firstFacts } from './facts.ts';
import { plainExit } from './testing/plain-exit.ts';

const exit = plainExit('019a0000-0000-7000-8000-000000000001');
const facts: AllocationFacts = { ...firstFacts({ committed: [] } as unknown as Offer), started: true, exit };

/** Judges until it is called off, with or without listening. */
function endless(concludeLimitMs: number, listens: boolean): TaskExecutor {
  return {
    parameters: z.unknown(),
    prepare: () => Promise.reject(new Error('It has run.')),
    concludeLimitMs,
    conclude: ({ signal }) =>
      new Promise((_resolve, reject) => {
        if (listens) signal.addEventListener('abort', () => reject(signal.reason));
      }),
  };
}
const parts = (executor: TaskExecutor, signal = new AbortController().signal) => ({
  executor,
  context: (effort: AbortSignal) => ({ signal: effort }) as TaskContext<unknown>,
  logs: '/nowhere',
  signal,
  log: pino({ level: 'silent' }),
});

describe('judging what came out', () => {
  it.each([true, false])('ends at the limit that its workload has set (it listens: %s)', async (listens) => {
    const ending = await conclude(facts, parts(endless(20, listens)));
    expect(ending).toMatchObject({
      outcome: 'failed',
      failure: { class: 'stall', reason: { code: 'attempt.conclude_slow', params: { minutes: 1 } } },
    });
  });

  it('is nothing when it is called off, however long it might take', async () => {
    const effort = new AbortController();
    const ending = conclude(facts, parts(endless(12 * 3_600_000, false), effort.signal));
    effort.abort();
    expect(await ending).toBeUndefined();
  });
});
