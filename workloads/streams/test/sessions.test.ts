import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SessionDetail, StatsAnswer, StreamCountsAnswer } from '../contract.ts';
import { plainRecipe, type Studio, startStudio } from '../testing/studio.ts';

let studio: Studio;
beforeAll(async () => {
  studio = await startStudio();
  await studio.startNode();
}, 120_000);
afterAll(() => studio.close(), 60_000);

/** The answer that a page gives to an offer; the plain streamer doesn't look at it. */
const seePicture = (play: { say(message: object): void }) => {
  play.say({ type: 'answer', sdp: 'v=0' });
  play.say({
    type: 'backlot.stats',
    bitrateBps: 5e6,
    rttMs: 12,
    fps: 60,
    lostFraction: 0,
    framesDecoded: 60,
    framesDropped: 0,
  });
};

describe('a session from a link', { timeout: 120_000 }, () => {
  it('starts an instance on demand, is told how far it has come, and ends it', async () => {
    const app = await studio.createApp({ slug: 'demand' });
    const play = await studio.play('demand');
    const session = await play.hear('backlot.session');
    expect(session).toMatchObject({ role: 'controller', app: { slug: 'demand' } });
    const ready = await play.hear('backlot.ready');
    const list = await play.hear('streamerList');
    expect(list.ids).toHaveLength(1);
    play.say({ type: 'subscribe', streamerId: (list.ids as string[])[0] });
    await play.hear('offer');
    seePicture(play);
    const id = String(session.sessionId);
    await studio.until('the session is active', async () => (await studio.session(id)).state === 'active');
    const [instance] = await studio.instances(`appId=${app.id}`);
    expect(instance).toMatchObject({
      state: 'assigned',
      sessionId: id,
      connected: true,
      nodeName: 'studio-1',
    });
    expect(ready.stream).toBeTypeOf('string');

    play.say({ type: 'backlot.end' });
    expect(await play.hear('backlot.ended')).toMatchObject({ reason: 'left' });
    expect((await play.ended()).code).toBe(1001);
    await studio.until('it is over', async () => (await studio.session(id)).state === 'ended');
    // This app is not reset between sessions, so the process ends with its session.
    const gone = await studio.until(
      'the instance has ended',
      async () => (await studio.instances(`appId=${app.id}&state=ended`))[0],
    );
    expect(gone).toMatchObject({ end: { reason: 'session' }, sessions: 1 });
    const { timeline } = await studio.call('GET', `/sessions/${id}`, SessionDetail);
    expect(timeline.map(({ what }) => what)).toEqual([
      'requested',
      'waiting',
      'ready',
      'active',
      'ending',
      'ended',
    ]);
    const stats = await studio.call('GET', `/sessions/${id}/stats`, StatsAnswer);
    expect(stats.players[0]?.points[0]).toMatchObject({ fps: 60, rttMs: 12 });
  });

  it('takes a warm instance at once, resets it afterwards, and the next viewer gets the same process', async () => {
    const app = await studio.createApp({
      slug: 'warm',
      warm: 1,
      maxInstances: 1,
      recipe: plainRecipe([], {
        reset: { kind: 'stdin', line: 'reset', acknowledge: 'reset done', deadlineMs: 10_000 },
      }),
    });
    const warm = await studio.until(
      'one is ready',
      async () => (await studio.instances(`appId=${app.id}&state=ready`))[0],
    );
    for (const visit of [1, 2]) {
      const play = await studio.play('warm');
      await play.hear('streamerList');
      expect(play.heard.map(({ type }) => type)).not.toContain('backlot.queued');
      const [mine] = await studio.instances(`appId=${app.id}&state=assigned`);
      expect(mine).toMatchObject({ id: warm.id, sessions: visit });
      play.leave(1000);
      await studio.until('it is free again', async () =>
        (await studio.instances(`appId=${app.id}&state=ready`)).find(({ id }) => id === warm.id),
      );
    }
    const ended = await studio.sessions(`appId=${app.id}&state=ended`);
    expect(ended.map(({ end }) => end?.reason)).toEqual(['left', 'left']);
  });

  it('replaces an instance that does not acknowledge its reset', async () => {
    const app = await studio.createApp({
      slug: 'deaf',
      recipe: plainRecipe(['--deaf'], {
        reset: { kind: 'stdin', line: 'reset', acknowledge: 'reset done', deadlineMs: 500 },
      }),
    });
    const play = await studio.play('deaf');
    await play.hear('streamerList');
    play.leave(1000);
    const gone = await studio.until(
      'it was recycled',
      async () => (await studio.instances(`appId=${app.id}&state=ended`))[0],
    );
    expect(gone.end?.reason).toBe('reset-failed');
  });

  it('queues who comes when all are taken, says the place, and lets the first one in when somebody leaves', async () => {
    const app = await studio.createApp({
      slug: 'queue',
      maxInstances: 1,
      recipe: plainRecipe([], {
        reset: { kind: 'stdin', line: 'reset', acknowledge: 'reset done', deadlineMs: 10_000 },
      }),
      limits: { queueLength: 2 },
    });
    const first = await studio.play('queue');
    await first.hear('streamerList');
    const second = await studio.play('queue');
    expect(await second.hear('backlot.queued')).toMatchObject({ position: 1 });
    const third = await studio.play('queue');
    expect(await third.hear('backlot.queued')).toMatchObject({ position: 2 });
    const fourth = await studio.play('queue');
    expect((await fourth.ended()).code).toBe(1013);
    expect(await studio.call('GET', '/counts', StreamCountsAnswer)).toMatchObject({
      apps: expect.arrayContaining([expect.objectContaining({ slug: 'queue', live: 1, queued: 2, free: 0 })]),
    });
    first.leave(1000);
    await second.hear('backlot.ready');
    await third.hear('backlot.queued', ({ position }) => position === 1);
    expect(third.heard.some(({ type }) => type === 'streamerList')).toBe(false);
    const [waiting] = await studio.sessions(`appId=${app.id}&state=waiting`);
    expect(waiting?.queue).toMatchObject({ position: 1 });
  });

  it('keeps the place for a broken connection, and ends the session when it does not come back', async () => {
    const app = await studio.createApp({ slug: 'back', limits: { disconnectSeconds: 2 } });
    const play = await studio.play('back');
    const { token, sessionId, playerId } = await play.hear('backlot.session');
    await play.hear('streamerList');
    play.socket.terminate();
    await studio.until(
      'it is away',
      async () => (await studio.session(String(sessionId))).awaySince !== null,
    );
    const again = await studio.play('back', `session=${token}`);
    expect(await again.hear('backlot.session')).toMatchObject({ sessionId, playerId });
    await again.hear('streamerList');
    expect(await studio.instances(`appId=${app.id}`)).toHaveLength(1);
    again.socket.terminate();
    const over = await studio.until('it has ended', async () => {
      const session = await studio.session(String(sessionId));
      return session.state === 'ended' && session;
    });
    expect(over.end?.reason).toBe('disconnected');
    const late = await studio.play('back', `session=${token}`);
    expect((await late.ended()).code).toBe(1008);
  });
});
