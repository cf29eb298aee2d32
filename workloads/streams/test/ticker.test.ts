import type { Kernel } from '@backlot/control/workload';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ground } from '../control/ground.ts';
import { tables } from '../control/tables.ts';
import { nobodyIsHere, Ticker } from '../control/ticker.ts';
import { type AppInDatabase, createAppInDatabase } from '../testing/app-in-database.ts';

/** Turns of the ticker over rows, with the time that has passed written into them. */
let place: AppInDatabase;
beforeEach(async () => {
  place = await createAppInDatabase({ disconnectSeconds: 5, idleSeconds: 60 });
});
afterEach(() => place.close());

const db = () => tables(place.kernel.db);
const ago = (seconds: number) => sql<Date>`now() - ${seconds}::float8 * interval '1 second'`;
const sessionOf = (id: string) =>
  db().selectFrom('streams_session').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
const instanceOf = (id: string | null) =>
  db().selectFrom('streams_instance').selectAll().where('id', '=', String(id)).executeTakeFirstOrThrow();

function ticker(rest: Partial<Ground> = {}): Ticker {
  const jobs = { setIntent: async () => undefined };
  return new Ticker({ ...place.ground, kernel: { ...place.kernel, jobs } as unknown as Kernel, ...rest });
}

/** One that only looks at times in its next turn: in the first one it would miss the jobs of the instances here. */
async function shortTurn(): Promise<Ticker> {
  const turns = ticker();
  await turns.tick();
  return turns;
}

async function endingSession(): Promise<string> {
  const { sessionId } = await place.arrive();
  await db()
    .updateTable('streams_session')
    .set({ state: 'ending', end_reason: 'left' })
    .where('id', '=', sessionId)
    .execute();
  return sessionId;
}

describe('a turn of which something fails', () => {
  it('does all the rest, though figures can’t be written', async () => {
    const { sessionId } = await place.arrive();
    const ending = await endingSession();
    const nothing = { bitrateBps: null, fps: null, lostFraction: null, jitterMs: null, height: null };
    const sample = { ...nothing, rttMs: 1e300, width: 2 ** 53, framesDropped: null, relayed: null };
    place.ground.stats.add(sessionId, '1', sample);
    await ticker().tick();
    expect((await sessionOf(ending)).state).toBe('ended');
  });

  it('ends all other sessions whose time is up', async () => {
    const [first, second] = [await place.arrive(), await place.arrive()];
    await db()
      .updateTable('streams_session')
      .set({ away_since: ago(10) })
      .execute();
    const say: Ground['words']['say'] = (word) => {
      if (word.kind === 'end' && word.sessionId === first?.sessionId) throw new Error('This one fails.');
    };
    await ticker({ words: { ...place.ground.words, say } as Ground['words'] }).tick();
    expect((await sessionOf(String(second?.sessionId))).state).toBe('ended');
  });
});

describe('a session whose app gives little time to come back', () => {
  it('is still there when the pages have found back to a new control plane, and not much longer', async () => {
    const { sessionId } = await place.arrive();
    await nobodyIsHere(place.ground);
    const shift = (seconds: number) =>
      db()
        .updateTable('streams_session')
        .set({ away_since: sql`away_since - ${seconds}::float8 * interval '1 second'` })
        .execute();
    await shift(10);
    await ticker().tick();
    expect((await sessionOf(sessionId)).state).toBe('waiting');
    await shift(10);
    await ticker().tick();
    expect((await sessionOf(sessionId)).end_reason).toBe('disconnected');
  });
});

describe('a picture that does not come', () => {
  /** A session that has had an instance for `seconds`, whose viewer is back since `back` seconds. */
  async function waited(seconds: number, back: number) {
    await place.addFree(1);
    const opened = await place.arrive();
    await db()
      .updateTable('streams_session')
      .set({ ready_at: ago(seconds), activity_at: ago(back) })
      .where('id', '=', opened.sessionId)
      .execute();
    return opened;
  }

  it('is waited for from when its viewer is there to see it', async () => {
    const turns = await shortTurn();
    const { instanceId } = await waited(600, 1);
    await turns.tick();
    expect((await instanceOf(instanceId)).state).toBe('assigned');
  });

  it('is not waited for longer because somebody moves the pointer over the black', async () => {
    const turns = await shortTurn();
    const { sessionId, instanceId } = await waited(600, 500);
    place.ground.hub.active(sessionId);
    await turns.tick();
    expect(await instanceOf(instanceId)).toMatchObject({ state: 'stopping', end_reason: 'no-picture' });
    expect((await sessionOf(sessionId)).end_reason).toBe('no-picture');
  });

  it('is no failure of the version: viewers alone say that it did not come', async () => {
    for (let visit = 0; visit < 6; visit += 1) {
      const turns = await shortTurn();
      const { instanceId } = await waited(600, 500);
      await turns.tick();
      expect((await instanceOf(instanceId)).state).toBe('stopping');
    }
    const version = await db().selectFrom('streams_app_version').selectAll().executeTakeFirstOrThrow();
    expect(version).toMatchObject({ failures: 0, blocked_at: null, next_start_at: null });
    await place.addFree(1);
    expect((await place.arrive()).state).toBe('ready');
  });
});

describe('a session in which nobody has told of a sign of life for long', () => {
  it.each([
    ['our own page', true, 'idle'],
    ['a page that never tells of one, as Epic’s own', false, null],
  ])('in front of %s', async (_page, extensions, end) => {
    const turns = await shortTurn();
    await place.addFree(1);
    const { sessionId } = await place.arrive({ extensions });
    await db()
      .updateTable('streams_session')
      .set({ state: 'active', activity_at: ago(600) })
      .where('id', '=', sessionId)
      .execute();
    await turns.tick();
    expect((await sessionOf(sessionId)).end_reason).toBe(end);
  });
});
