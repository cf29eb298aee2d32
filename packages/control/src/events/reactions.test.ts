import { systemClock } from '@backlot/contract/clock';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { createTestFront, type TestFront } from '@backlot/testkit/test-front';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ControlWorkload, EventReaction } from '../workload.ts';
import { reactionPausesMs } from './reactions.ts';

let database: TestDatabase;
const fronts: TestFront[] = [];
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await Promise.all(fronts.splice(0).map((front) => front.close()));
  await database.close();
});

/** Time in which no pause is longer than a hundredth of a second; what is measured is order, not duration. */
const hasty = {
  ...systemClock,
  sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(Math.min(ms, 10), signal),
};

async function start(reaction: EventReaction): Promise<TestFront> {
  const workload: ControlWorkload = { name: 'test', taskKinds: {}, reactions: [reaction] };
  const front = await createTestFront({ database, workloads: [workload], clock: hasty });
  fronts.push(front);
  await expect
    .poll(() =>
      database.db.selectFrom('event_cursor').select('name').where('name', 'like', 'reaction/%').execute(),
    )
    .toHaveLength(1);
  return front;
}
async function happen(front: TestFront, ...ids: string[]): Promise<void> {
  for (const id of ids) {
    await database.store.transaction((tx) =>
      front.events.append(tx, [{ projectId: null, kind: 'job.ended', subject: { kind: 'job', id } }]),
    );
  }
  front.events.wake();
}

describe('a reaction', () => {
  it('is called for its kinds, in order', async () => {
    const seen: string[] = [];
    const front = await start({
      name: 'test.order',
      kinds: ['job.*'],
      react: async (event) => {
        seen.push(event.subject.id);
      },
    });
    await database.store.transaction((tx) =>
      front.events.append(tx, [{ projectId: null, kind: 'node.lost', subject: { kind: 'node', id: 'n' } }]),
    );
    const ids = Array.from({ length: 30 }, (_, n) => `j${n}`);
    await happen(front, ...ids);
    await expect.poll(() => seen).toEqual(ids);
  });

  it('goes on after a restart where it stopped, and misses nothing that happened meanwhile', async () => {
    const seen: string[] = [];
    const reaction: EventReaction = {
      name: 'test.restart',
      kinds: ['*'],
      react: async (event) => {
        if (event.kind === 'job.ended') seen.push(event.subject.id);
      },
    };
    const first = await start(reaction);
    await happen(first, 'a', 'b');
    await expect.poll(() => seen).toEqual(['a', 'b']);
    await first.close();
    fronts.length = 0;
    await happen(first, 'c', 'd');
    await start(reaction);
    await expect.poll(() => seen).toEqual(['a', 'b', 'c', 'd']);
  });

  it('that fails is tried again before the next event, and then everything goes on', async () => {
    const calls: string[] = [];
    let failures = 3;
    const front = await start({
      name: 'test.retry',
      kinds: ['job.*'],
      react: async (event) => {
        calls.push(event.subject.id);
        if (event.subject.id === 'a' && failures-- > 0) throw new Error('not yet');
      },
    });
    await happen(front, 'a', 'b');
    await expect.poll(() => calls).toEqual(['a', 'a', 'a', 'a', 'b']);
    await expect
      .poll(() => front.health.read('').parts.find(({ name }) => name === 'reaction test.retry')?.status)
      .toBe('ok');
  });

  it('that never succeeds on one event puts it aside, says so, and goes on with the others', async () => {
    const done: string[] = [];
    const front = await start({
      name: 'test.poison',
      kinds: ['job.*'],
      react: async (event) => {
        if (event.subject.id === 'poison') throw new Error('can’t digest this');
        done.push(event.subject.id);
      },
    });
    await happen(front, 'a', 'poison', 'b');
    await expect.poll(() => done, { timeout: 60_000 }).toEqual(['a', 'b']);
    const aside = await database.db.selectFrom('reaction_failure').selectAll().execute();
    expect(aside).toMatchObject([
      { name: 'test.poison', attempts: reactionPausesMs.length + 1, error: 'can’t digest this' },
    ]);
    const part = front.health.read('').parts.find(({ name }) => name === 'reaction test.poison');
    expect(part).toMatchObject({ status: 'degraded', reason: { code: 'health.reaction_isolated' } });
  });

  it('runs on one of several replicas', async () => {
    const seen: string[] = [];
    const reaction: EventReaction = {
      name: 'test.once',
      kinds: ['job.*'],
      react: async (event) => {
        seen.push(event.subject.id);
      },
    };
    const workload: ControlWorkload = { name: 'test', taskKinds: {}, reactions: [reaction] };
    const front = await start(reaction);
    fronts.push(await createTestFront({ database, workloads: [workload], clock: hasty, replica: 'another' }));
    const ids = Array.from({ length: 10 }, (_, n) => `j${n}`);
    await happen(front, ...ids);
    await expect.poll(() => seen.length).toBeGreaterThanOrEqual(10);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(seen).toEqual(ids);
  });
});
