import type { Kernel } from '@backlot/control/workload';
import { type KyselyPlugin, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { factKinds } from '../../contract/facts.ts';
import { openRecordingsHouse, type RecordingsHouse } from '../testing/recordings-house.ts';
import { ChannelKeeper } from './keeper.ts';
import { touchedBy } from './touched.ts';

/** Counts what is asked of the database, and the rows of channels that come of it. */
function counted(kernel: Kernel) {
  const count = { queries: 0, channels: 0 };
  const plugin: KyselyPlugin = {
    transformQuery: ({ node }) => {
      count.queries += 1;
      return node;
    },
    transformResult: async ({ result }) => {
      count.channels += result.rows.filter((row) => 'settings' in row).length;
      return result;
    },
  };
  return {
    kernel: { ...kernel, db: kernel.db.withPlugin(plugin) } as Kernel,
    async cost(work: () => Promise<void>) {
      Object.assign(count, { queries: 0, channels: 0 });
      await work();
      return { ...count };
    },
  };
}

describe('the keeper of channels', () => {
  const many = 400;
  let house: RecordingsHouse;
  let keeper: ChannelKeeper;
  let watched: string;
  let cost: ReturnType<typeof counted>['cost'];
  beforeAll(async () => {
    house = await openRecordingsHouse();
    await house.node();
    watched = await house.channel({ name: 'watched' });
    await house.running(watched);
    const off = await house.channel({ name: 'off', enabled: false });
    await sql`
      INSERT INTO recordings_channel (id, project_id, settings, enabled, state)
      SELECT gen_random_uuid(), project_id, settings, enabled, state
      FROM recordings_channel, generate_series(1, ${many}) WHERE id = ${off}`.execute(house.kernel.db);
    const count = counted(house.kernel);
    cost = count.cost;
    keeper = new ChannelKeeper(count.kernel);
    await keeper.look();
    await keeper.look();
  });
  afterAll(async () => {
    await keeper?.close();
    await house?.close();
  });

  const happens = (kind: string, n: number) =>
    house.kernel.transaction((tx) =>
      house.kernel.events.append(
        tx,
        Array.from({ length: n }, () => ({
          projectId: house.projectId,
          kind,
          subject: { kind: 'artifact', id: 'x' },
          body: {},
        })),
      ),
    );

  it('looks at no channel while nothing is said about one, however much else happens', async () => {
    expect((await cost(() => keeper.look())).channels).toBeGreaterThan(many);
    expect(await cost(() => keeper.lookAtChanged())).toEqual({ queries: 1, channels: 0 });
    await happens('artifact.created', 300);
    expect(await cost(() => keeper.lookAtChanged())).toEqual({ queries: 1, channels: 0 });
    // With those that are due: none waits.
    expect(await cost(() => keeper.lookAtChanged({ due: true }))).toMatchObject({ channels: 0 });
  });

  it('looks at the one channel that something is said about, and no further', async () => {
    const { jobId } = await house.running(watched);
    await keeper.lookAtChanged();
    await house.kernel.jobs.setIntent(jobId, 'pause', house.core.actor);
    const first = await cost(() => keeper.lookAtChanged());
    expect(first.channels).toBe(1);
    await house.kernel.jobs.setIntent(jobId, 'run', house.core.actor);
    await keeper.lookAtChanged();
    expect(await cost(() => keeper.lookAtChanged())).toEqual({ queries: 1, channels: 0 });
  });

  it('looks at a channel when a fact of its recorder has been taken in', async () => {
    const attempt = await house.running(watched);
    await house.fact(attempt, factKinds.source, { channelId: watched, state: 'live' });
    // The reaction wakes the keeper of the house; this one is told the same.
    keeper.wake(attempt.jobId);
    await keeper.lookAtChanged();
    expect(await house.channels.row(watched)).toMatchObject({ state: 'live' });
  });

  it('sees a change to its end: the job is asked to stop, forgotten, and the channel is off', async () => {
    await house.channels.setEnabled(watched, false, house.core.actor);
    await house.core.until(async () => {
      await keeper.lookAtChanged();
      const { state, job_id } = await house.channels.row(watched);
      return state === 'off' && job_id === null;
    }, 'the channel is off');
    await house.channels.setEnabled(watched, true, house.core.actor);
    await house.core.until(async () => {
      await keeper.lookAtChanged();
      return (await house.channels.row(watched)).state === 'watching';
    }, 'the channel is watched again');
  });
});

const event = (kind: string, subject: string, id: string, body = {}) => ({
  kind,
  subject: { kind: subject, id },
  body,
});
it.each([
  ['a channel that was changed', event('recordings.channel.changed', 'channel', 'c'), ['c'], []],
  ['what the keeper has written itself', event('recordings.channel.state', 'channel', 'c'), [], []],
  ['a job', event('job.changed', 'job', 'j'), [], ['j']],
  ['a task', event('task.ended', 'task', 't', { jobId: 'j' }), [], ['j']],
  ['an attempt', event('allocation.changed', 'allocation', 'a', { jobId: 'j' }), [], ['j']],
  ['progress', event('task.progress', 'task', 't', { jobId: 'j' }), [], []],
  ['a fact, which is yet to be taken in', event('recordings.source', 'task', 't', { jobId: 'j' }), [], []],
  ['a broadcast', event('recordings.broadcast.opened', 'broadcast', 'b', { channelId: 'c' }), [], []],
  ['a task without a job', event('task.ended', 'task', 't', { jobId: null }), [], []],
])('the log says of %s which channels it touches', (_title, told, channels, jobs) => {
  const touched = touchedBy([told]);
  expect({ channels: [...touched.channels], jobs: [...touched.jobs] }).toEqual({ channels, jobs });
});
