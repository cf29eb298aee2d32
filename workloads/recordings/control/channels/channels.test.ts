import { translateReason } from '@backlot/contract/phrase';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChannelPatch } from '../../contract/channel.ts';
import { factKinds } from '../../contract/facts.ts';
import { recordingPhrases } from '../../contract/phrases.ts';
import { sourceReason } from '../../contract/source-phrases.ts';
import { watchMethods } from '../../contract/watch.ts';
import { openRecordingsHouse, type RecordingsHouse } from '../testing/recordings-house.ts';

let house: RecordingsHouse;
beforeAll(async () => {
  house = await openRecordingsHouse();
  await house.node();
});
afterAll(() => house.close());

const stateOf = async (id: string) => {
  await house.keeper.look();
  return (await house.channels.get(id, house.core.actor)).state;
};
const untilState = (id: string, state: string) =>
  house.core.until(async () => (await stateOf(id)) === state, `the channel is ${state}`);

describe('a channel', () => {
  it('is watched from when it is added, told what it is, and live when its recorder says so', async () => {
    const id = await house.channel({ cut: { everyMs: 3_600_000 } });
    const attempt = await house.running(id);
    const task = await house.kernel.db
      .selectFrom('task')
      .select('spec')
      .where('id', '=', attempt.taskId)
      .executeTakeFirstOrThrow();
    expect(task.spec).toMatchObject({
      kind: 'recordings.watch',
      class: 'live',
      host: 'recordings.recorder',
      parameters: {
        channelId: id,
        source: { kind: 'http-flv', url: 'https://origin.example/live/night.flv' },
        cut: { everyMs: 3_600_000 },
        flow: null,
      },
    });
    expect(await stateOf(id)).toBe('watching');
    await house.fact(attempt, factKinds.source, {
      channelId: id,
      state: 'offline',
      reason: 'nobody publishes',
    });
    await house.keeper.look();
    expect(await house.channels.get(id, house.core.actor)).toMatchObject({
      state: 'watching',
      reason: { code: 'recordings.offline', params: { detail: 'nobody publishes' } },
    });
    // A recorder that knows codes is understood in every language.
    const words = sourceReason('denied', { status: 403 });
    await house.fact(attempt, factKinds.source, {
      channelId: id,
      state: 'failing',
      reason: words.message,
      words,
    });
    await house.keeper.look();
    const { reason } = await house.channels.get(id, house.core.actor);
    expect(reason).toEqual(words);
    expect(reason && translateReason(reason, [recordingPhrases], 'zh-CN')).toBe(
      '服务器拒绝访问（HTTP 403）。',
    );
    // Whatever somebody sends in its place is not shown.
    await house.fact(attempt, factKinds.source, {
      channelId: id,
      state: 'offline',
      reason: 'Gone.',
      words: { code: 'No Code', message: 7 },
    });
    await house.keeper.look();
    expect((await house.channels.get(id, house.core.actor)).reason).toMatchObject({
      code: 'recordings.offline',
      params: { detail: 'Gone.' },
    });
    await house.fact(attempt, factKinds.source, { channelId: id, state: 'live' });
    await untilState(id, 'live');
    await house.channels.split(id, house.core.actor);
    expect(house.asked.at(-1)).toMatchObject({ nodeId: attempt.nodeId, method: watchMethods.split });
  });

  it('that is stopped is off when its recorder has ended, and watched again when it is started', async () => {
    const id = await house.channel();
    const first = await house.running(id);
    await house.channels.setEnabled(id, false, house.core.actor);
    await untilState(id, 'off');
    await house.core.until(async () => {
      await house.keeper.look();
      return (await house.channels.row(id)).job_id === null;
    }, 'its job is over');
    await house.channels.setEnabled(id, true, house.core.actor);
    const second = await house.running(id);
    expect(second.jobId).not.toBe(first.jobId);
    await expect(house.channels.call(await house.channel({ enabled: false }), 'x', {})).rejects.toMatchObject(
      {
        code: 'channel_not_running',
      },
    );
  });

  it('that is changed is recorded anew by what it is now; what its recorder need not know changes nothing there', async () => {
    const id = await house.channel({ segmentMs: 5_000, labels: {}, cut: { onTitle: true } });
    const first = await house.running(id);
    await house.channels.patch(
      id,
      ChannelPatch.parse({ retention: { days: 3, onlyVerified: true } }),
      house.core.actor,
    );
    expect((await house.channels.row(id)).settings).toMatchObject({
      segmentMs: 5_000,
      cut: { onTitle: true },
    });
    expect((await house.running(id)).jobId).toBe(first.jobId);
    await house.channels.patch(
      id,
      { source: { kind: 'auto', url: 'rtsp://camera.example/1' } },
      house.core.actor,
    );
    const second = await house.core.until(async () => {
      const now = await house.running(id);
      return now.jobId !== first.jobId && now;
    }, 'another job runs');
    const { parameters } = await house.kernel.jobs.get(second.jobId);
    expect(parameters).toMatchObject({ watch: { source: { kind: 'rtsp' } }, prefer: [first.nodeId] });
    // What the old one says late is not about now.
    await house.fact(first, factKinds.source, { channelId: id, state: 'live' });
    expect((await house.channels.row(id)).source_state).toBeNull();
  });

  it('that is removed is gone from the list, and its job ends', async () => {
    const id = await house.channel({ name: 'going' });
    const { jobId } = await house.running(id);
    await house.channels.remove(id, house.core.actor);
    await expect(house.channels.get(id, house.core.actor)).rejects.toMatchObject({ code: 'not_found' });
    await house.core.until(async () => {
      await house.keeper.look();
      return (await house.kernel.jobs.get(jobId)).endedAt !== null;
    }, 'its job ends');
    const { items } = await house.channels.list({ limit: 50, text: 'going' }, 'all', house.core.actor);
    expect(items).toEqual([]);
  });

  it('that is published to has a key of its own, which can be changed and is in no audit', async () => {
    const id = await house.channel({ name: 'studio', source: { kind: 'push' } });
    const { key, server } = await house.channels.ingest(id);
    expect(server).toBeNull();
    const next = await house.channels.rotateKey(id, house.core.actor);
    expect(next.key).not.toBe(key);
    const audit = await house.kernel.db
      .selectFrom('audit')
      .select(['action', 'before', 'after'])
      .where('subject_id', '=', id)
      .execute();
    expect(audit.map(({ action }) => action)).toEqual(['channel.added', 'channel.changed']);
    expect(JSON.stringify(audit)).not.toMatch(new RegExp(`${key}|${next.key}`));
    await expect(house.channel({ source: { kind: 'push', key: next.key } })).rejects.toMatchObject({
      code: 'channel_exists',
    });
    await expect(house.channels.ingest(await house.channel())).rejects.toMatchObject({
      code: 'channel_not_push',
    });
  });

  it('is refused with what is wrong with it', async () => {
    await expect(
      house.channel({ source: { kind: 'auto', url: 'file:///etc/passwd' } }),
    ).rejects.toMatchObject({
      code: 'source_unknown',
    });
    const schedule = { windows: [{ cron: 'every now and then', minutes: 5 }] };
    await expect(house.channel({ schedule })).rejects.toMatchObject({ code: 'schedule_invalid' });
  });

  it('of any name and title is data', async () => {
    const name = 'a"; touch x & $(id) ../..';
    const id = await house.channel({ name });
    const attempt = await house.running(id);
    await house.fact(attempt, factKinds.title, { channelId: id, title: name });
    expect(await house.channels.get(id, house.core.actor)).toMatchObject({
      title: name,
      settings: { name },
    });
    const { items } = await house.channels.list({ limit: 50, text: '$(id) ..' }, 'all', house.core.actor);
    expect(items.map((one) => one.id)).toEqual([id]);
  });
});
