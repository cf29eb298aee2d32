import { NodeView, Page } from '@backlot/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { App, type AppRecipeInput, AppVersion, Instance, TicketAnswer } from '../contract.ts';
import { plainRecipe, type Studio, startStudio } from '../testing/studio.ts';

let studio: Studio;
beforeAll(async () => {
  studio = await startStudio();
  await studio.startNode();
}, 120_000);
afterAll(() => studio.close(), 60_000);

const reset = { kind: 'stdin', line: 'reset', acknowledge: 'reset done', deadlineMs: 10_000 } as const;
const ready = (appId: string, count = 1) =>
  studio.until(`${count} ready`, async () => {
    const found = await studio.instances(`appId=${appId}&state=ready`);
    return found.length === count && found;
  });

describe('instances', { timeout: 120_000 }, () => {
  it('that crash are started again with pauses, and after a few in a row not until a person says so', async () => {
    const app = await studio.createApp({
      slug: 'crash',
      warm: 1,
      recipe: plainRecipe(['--crash-after', '1']),
    });
    const stuck = await studio.until('it is a crash loop', async () => {
      const now = await studio.call('GET', '/apps/crash', App);
      return now.trouble?.code === 'streams.crash_loop' && now;
    });
    expect(stuck.trouble?.message).toMatch(/failed 5 times in a row/);
    const ended = await studio.until('five have ended', async () => {
      const all = await studio.instances(`appId=${app.id}&state=ended`);
      return all.length === 5 && all;
    });
    expect(ended.map(({ end }) => end?.reason)).toEqual(Array(5).fill('crashed'));
    // The pauses grow: 1 s, 2 s, 4 s, …
    const times = ended.map(({ requestedAt }) => Date.parse(requestedAt)).reverse();
    expect(Number(times[3]) - Number(times[2])).toBeGreaterThan(3_000);
    expect(ended[0]?.failure?.excerpt).toContain('fatal: this streamer was told to crash');
    const visitor = await studio.play('crash');
    expect((await visitor.ended()).reason).toMatch(/failed several times in a row/);

    await studio.call('POST', '/apps/crash/versions', AppVersion, { recipe: plainRecipe(), activate: true });
    const cleared = await studio.call('POST', '/apps/crash/clear', App);
    expect(cleared.trouble).toBeNull();
    await ready(app.id);
  });

  it('that never connect are given up, and whoever waits for one is told', async () => {
    const app = await studio.createApp({
      slug: 'silent',
      recipe: {
        ...plainRecipe([], { startTimeoutSeconds: 1 }),
        launch: {
          argv: [process.execPath, '-e', 'console.log("looks for a licence"); setInterval(() => {}, 1e6)'],
        },
      },
    });
    await studio.play('silent');
    const [gone] = await studio.until('one was given up', async () => {
      const found = await studio.instances(`appId=${app.id}&state=ended`);
      return found.length > 0 && found;
    });
    expect(gone?.end?.sentence.message).toMatch(/did not connect within 1 s/);
    // The end of its log says what it did instead.
    expect(gone?.failure?.excerpt).toContain('looks for a licence');
    // The session was never shown anything, so it waits for the next one.
    const [session] = await studio.sessions(`appId=${app.id}`);
    expect(session?.state).toBe('waiting');
  });

  it('that connect and show nothing end their session with that reason', async () => {
    await studio.createApp({ slug: 'dark', recipe: plainRecipe([], { pictureTimeoutSeconds: 2 }) });
    const play = await studio.play('dark');
    expect(await play.hear('backlot.ended')).toMatchObject({ reason: 'no-picture' });
    expect((await play.ended()).code).toBe(1001);
  });

  it('that end by themselves close their session', async () => {
    await studio.createApp({ slug: 'exit', recipe: plainRecipe(['--exit-after', '1500']) });
    const play = await studio.play('exit');
    await play.hear('streamerList');
    play.say({ type: 'answer', sdp: 'v=0' });
    play.say({ type: 'backlot.stats', framesDecoded: 10 });
    expect(await play.hear('backlot.ended')).toMatchObject({ reason: 'closed' });
  });

  it('are never more on one node than their app allows, and the next one says what it waits for', async () => {
    const app = await studio.createApp({
      slug: 'narrow',
      warm: 2,
      recipe: plainRecipe([], { resources: { cpu: 0.1, memory: 200 * 1024 ** 2, perNode: 1 } }),
    });
    await ready(app.id);
    const waiting = await studio.until('the second one says why', async () =>
      (await studio.instances(`appId=${app.id}&state=requested`)).find(({ wait }) => wait !== null),
    );
    expect(waiting.wait?.code).toBe('wait.slots_node');
    await studio.call('PATCH', '/apps/narrow', App, { warm: 0 });
  });

  it('of an old version stay until their session is over, and their replacement is ready first', async () => {
    const app = await studio.createApp({ slug: 'rolling', warm: 1, recipe: plainRecipe([], { reset }) });
    await ready(app.id);
    const play = await studio.play('rolling');
    await play.hear('streamerList');
    const [mine] = await studio.instances(`appId=${app.id}&state=assigned`);
    await ready(app.id);
    await studio.call('POST', '/apps/rolling/versions', AppVersion, {
      recipe: plainRecipe([], { reset }),
      note: 'better',
      activate: true,
    });
    const fresh = await studio.until('the free one is of the new version', async () =>
      (await studio.instances(`appId=${app.id}&state=ready`)).find(({ version }) => version === 2),
    );
    await studio.until('the old free one is gone', async () =>
      (await studio.instances(`appId=${app.id}&state=ended`)).find(({ end }) => end?.reason === 'version'),
    );
    expect(fresh.version).toBe(2);
    const still = await studio.call('GET', `/instances/${mine?.id}`, Instance);
    expect(still).toMatchObject({
      state: 'assigned',
      version: 1,
      retiring: { code: 'streams.instance.version' },
    });
    expect(play.closed).toBeUndefined();
    play.leave(1000);
    await studio.until('then it goes', async () =>
      (await studio.instances(`appId=${app.id}&state=ended`)).some(({ id }) => id === mine?.id),
    );
    await studio.call('PATCH', '/apps/rolling', App, { enabled: false });
  });

  it('that hold too much are replaced at the end of a session, the replacement first', async () => {
    const app = await studio.createApp({
      slug: 'leak',
      warm: 1,
      recipe: plainRecipe(['--memory', '64'], {
        reset,
        recycle: { sessions: 1 },
        resources: { cpu: 0.1, memory: 400 * 1024 ** 2 },
      }),
    });
    const [old] = await ready(app.id);
    expect(old?.facts).toBeDefined();
    const play = await studio.play('leak');
    await play.hear('streamerList');
    play.leave(1000);
    const gone = await studio.until('the first one is gone', async () =>
      (await studio.instances(`appId=${app.id}&state=ended`)).find(({ id }) => id === old?.id),
    );
    expect(gone.end?.reason).toBe('sessions');
    const [next] = await ready(app.id);
    // Nobody would have had to wait in between.
    expect(Date.parse(String(next?.readyAt))).toBeLessThanOrEqual(Date.parse(String(gone.endedAt)));
    await studio.call('PATCH', '/apps/leak', App, { enabled: false });
  });

  it('to try a version are nobody else’s', async () => {
    const app = await studio.createApp({ slug: 'trial', access: 'ticket' });
    await studio.call('POST', '/apps/trial/versions', AppVersion, { recipe: plainRecipe(), note: 'next' });
    const { ticket } = await studio.call('POST', '/apps/trial/versions/2/test', TicketAnswer);
    const tester = await studio.play('trial', `ticket=${ticket}`);
    await tester.hear('streamerList');
    const [instance] = await studio.instances(`appId=${app.id}`);
    expect(instance).toMatchObject({ trial: true, version: 2 });
    tester.leave(1000);
    await studio.until('it is gone', async () =>
      (await studio.instances(`appId=${app.id}&state=ended`)).some(({ id }) => id === instance?.id),
    );
  });

  it('to try a version are not started again and again, and a version that is gone is not started at all', async () => {
    const app = await studio.createApp({ slug: 'trials', access: 'ticket' });
    const add = (recipe: AppRecipeInput) =>
      studio.call('POST', '/apps/trials/versions', AppVersion, { recipe });
    const test = async (version: number) =>
      (await studio.call('POST', `/apps/trials/versions/${version}/test`, TicketAnswer)).ticket;
    await add(plainRecipe(['--crash-after', '1']));
    const crashing = await studio.play('trials', `ticket=${await test(2)}`);
    expect(await crashing.hear('backlot.ended')).toMatchObject({ reason: 'crashed' });
    expect(await studio.instances(`appId=${app.id}`)).toHaveLength(1);

    await add(plainRecipe());
    const ticket = await test(3);
    await studio.api.transport.run('DELETE', '/api/v1/streams/apps/trials/versions/3');
    const late = await studio.play('trials', `ticket=${ticket}`);
    expect(await late.hear('backlot.ended')).toMatchObject({ reason: 'unavailable' });
    // The pool goes on.
    await studio.call('PATCH', '/apps/trials', App, { warm: 1 });
    await ready(app.id);
    await studio.call('PATCH', '/apps/trials', App, { enabled: false });
  });

  it('survive a new control plane: the streamer and the player come back to the same session', async () => {
    const app = await studio.createApp({ slug: 'survive' });
    const play = await studio.play('survive');
    const { token, sessionId } = await play.hear('backlot.session');
    await play.hear('streamerList');
    const [before] = await studio.instances(`appId=${app.id}`);
    await studio.restartControl();
    const again = await studio.play('survive', `session=${token}`);
    expect(await again.hear('backlot.session')).toMatchObject({ sessionId });
    await again.hear('streamerList');
    const after = await studio.until('its streamer is back', async () => {
      const [one] = await studio.instances(`appId=${app.id}`);
      return one?.connected && one;
    });
    expect(after).toMatchObject({ id: before?.id, allocationId: before?.allocationId, state: 'assigned' });
    again.say({ type: 'backlot.end' });
    await again.ended();
  });

  // The last one: nothing is started on this node afterwards.
  it('on a node that is to be emptied end when their session does, and free ones at once', async () => {
    const app = await studio.createApp({ slug: 'drain', warm: 1, recipe: plainRecipe([], { reset }) });
    await ready(app.id);
    const play = await studio.play('drain');
    await play.hear('streamerList');
    const [mine] = await studio.instances(`appId=${app.id}&state=assigned`);
    await ready(app.id);
    await studio.call('PATCH', '/apps/drain', App, { warm: 0 });
    const { items } = await studio.api.transport.call('GET', '/api/v1/nodes', Page(NodeView));
    await studio.api.transport.call('PATCH', `/api/v1/nodes/${items[0]?.id}`, NodeView, {
      json: { schedulable: 'draining' },
    });
    await studio.until('it is told so', async () => {
      const one = await studio.call('GET', `/instances/${mine?.id}`, Instance);
      return one.retiring?.code === 'streams.instance.drained';
    });
    expect(play.closed).toBeUndefined();
    play.leave(1000);
    const gone = await studio.until('it has ended', async () =>
      (await studio.instances(`appId=${app.id}&state=ended`)).find(({ id }) => id === mine?.id),
    );
    expect(gone.end?.reason).toBe('drained');
  });
});
