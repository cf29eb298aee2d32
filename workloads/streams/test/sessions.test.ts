import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { App, SessionDetail, StatsAnswer, StreamCountsAnswer } from '../contract.ts';
import { type Play, plainRecipe, type Studio, startStudio } from '../testing/studio.ts';

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

  it('is active by a later picture, when the database could not write down the first', async () => {
    const run = (text: string) => sql.raw<{ count: string }>(text).execute(studio.database.db);
    // A sequence is what stays of a transaction that was refused.
    await run('CREATE SEQUENCE refusals MINVALUE 0');
    await run(`
      CREATE FUNCTION refuse_active() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM nextval('refusals'); RAISE EXCEPTION 'not now'; END $$`);
    await run(`
      CREATE TRIGGER refuse_active BEFORE UPDATE ON streams_session FOR EACH ROW
        WHEN (new.state = 'active') EXECUTE FUNCTION refuse_active()`);
    await studio.createApp({ slug: 'later' });
    const play = await studio.play('later');
    const id = String((await play.hear('backlot.session')).sessionId);
    await play.hear('offer');
    seePicture(play);
    await studio.until(
      'the first is refused',
      async () => (await run('SELECT 1 AS count FROM refusals WHERE is_called')).rows.length === 1,
    );
    expect((await studio.session(id)).state).toBe('ready');
    await run('DROP FUNCTION refuse_active CASCADE');
    await studio.until('a later one is taken', async () => {
      seePicture(play);
      return (await studio.session(id)).state === 'active';
    });
    play.leave(1000);
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

describe('people in a session', { timeout: 120_000 }, () => {
  const here = async (play: Play) => {
    const { sessionId, playerId, role } = await play.hear('backlot.session');
    return { sessionId: String(sessionId), playerId: String(playerId), role };
  };

  it('are one in control and some who watch; control is asked for, handed over, and taken by an operator', async () => {
    await studio.createApp({ slug: 'together', limits: { viewers: 1 } });
    const first = await studio.play('together');
    const owner = await here(first);
    await first.hear('streamerList');
    const second = await studio.play('together', `sessionId=${owner.sessionId}`);
    const guest = await here(second);
    expect(guest).toMatchObject({ sessionId: owner.sessionId, role: 'viewer' });
    await second.hear('streamerList');
    const third = await studio.play('together', `sessionId=${owner.sessionId}`);
    expect((await third.ended()).code).toBe(1013);

    second.say({ type: 'backlot.takeControl' });
    expect(await first.hear('backlot.controlWanted')).toMatchObject({ by: guest.playerId });
    second.say({ type: 'backlot.handOver', to: guest.playerId });
    expect(await second.hear('backlot.refused')).toMatchObject({ code: 'control_not_yours' });
    first.say({ type: 'backlot.handOver', to: guest.playerId });
    await studio.until('the guest is in control', async () => {
      const session = await studio.session(owner.sessionId);
      return session.controller === guest.playerId;
    });
    const back = await studio.call('PUT', `/sessions/${owner.sessionId}/control`, SessionDetail, {
      playerId: owner.playerId,
    });
    expect(back.controller).toBe(owner.playerId);

    await studio.call(
      'POST',
      `/sessions/${owner.sessionId}/players/${guest.playerId}/kick`,
      SessionDetail,
      {},
    );
    expect((await second.ended()).code).toBe(1001);
    expect((await studio.session(owner.sessionId)).state).toBe('ready');
    const over = await studio.call('POST', `/sessions/${owner.sessionId}/end`, SessionDetail, {});
    expect(over.end).toMatchObject({ reason: 'kicked' });
    expect(await first.hear('backlot.ended')).toMatchObject({ reason: 'kicked' });
  });

  it('come in by a ticket, each for what it says and once', async () => {
    await studio.createApp({ slug: 'private', access: 'ticket', maxInstances: 3 });
    await studio.createApp({ slug: 'other', access: 'ticket' });
    const without = await studio.play('private');
    expect((await without.ended()).reason).toMatch(/opened with a ticket/);
    const made = await studio.play('private', 'ticket=made.up.ticket');
    expect((await made.ended()).code).toBe(1008);
    const { ticket, url } = await studio.ticket({ app: 'private', subject: 'Ms Li' });
    expect(url).toContain(`/s/private#ticket=${ticket}`);
    const elsewhere = await studio.play('other', `ticket=${ticket}`);
    expect((await elsewhere.ended()).reason).toMatch(/for something else/);
    const play = await studio.play('private', `ticket=${ticket}`);
    const { sessionId } = await here(play);
    expect((await studio.session(sessionId)).subject).toBe('Ms Li');
    const twice = await studio.play('private', `ticket=${ticket}`);
    expect((await twice.ended()).reason).toMatch(/has been used/);
    const watch = await studio.ticket({ app: 'private', role: 'viewer', sessionId });
    const viewer = await studio.play('private', `ticket=${watch.ticket}&role=controller`);
    expect(await here(viewer)).toMatchObject({ sessionId, role: 'viewer' });
  });

  it('are warned before the time that nobody does anything in is up, and a sign of life takes it back', async () => {
    await studio.createApp({ slug: 'idle', limits: { idleSeconds: 6 } });
    const play = await studio.play('idle');
    await play.hear('streamerList');
    seePicture(play);
    await play.hear('backlot.warning', ({ why, endsInMs }) => why === 'idle' && Number(endsInMs) > 0);
    play.say({ type: 'backlot.activity' });
    await play.hear('backlot.warning', ({ endsInMs }) => endsInMs === null);
    expect(await play.hear('backlot.ended')).toMatchObject({ reason: 'idle' });
    const { sessionId } = await here(play);
    const { timeline } = await studio.session(sessionId);
    expect(timeline.map(({ what }) => what).filter((what) => what === 'idle')).toHaveLength(2);
  });

  it('are warned before the longest time is up, whatever they do', async () => {
    await studio.createApp({ slug: 'limit', limits: { maximumSeconds: 10, idleSeconds: null } });
    const play = await studio.play('limit');
    await play.hear('streamerList');
    seePicture(play);
    const warning = await play.hear('backlot.warning');
    expect(warning).toMatchObject({ why: 'limit' });
    expect(Number(warning.endsInMs)).toBeLessThanOrEqual(5_000);
    play.say({ type: 'backlot.activity' });
    expect(await play.hear('backlot.ended')).toMatchObject({ reason: 'limit' });
  });

  it('are let go when their app is switched off while they wait, and told why', async () => {
    await studio.createApp({ slug: 'off', maxInstances: 1 });
    const first = await studio.play('off');
    await first.hear('streamerList');
    const second = await studio.play('off');
    await second.hear('backlot.queued');
    await studio.call('PATCH', '/apps/off', App, { enabled: false });
    expect(await second.hear('backlot.ended')).toMatchObject({ reason: 'disabled' });
    expect(first.closed).toBeUndefined();
    const third = await studio.play('off');
    expect((await third.ended()).reason).toMatch(/switched off/);
  });
});
