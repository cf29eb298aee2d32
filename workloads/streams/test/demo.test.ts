import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { DemoState } from '../node/demo/application.ts';
import { type DemoProcess, startDemo } from '../testing/demo-process.ts';
import { type HeadlessPlayer, joinHeadless } from '../testing/headless-player.ts';
import { openSmallSignalling, type SmallSignalling } from '../testing/small-signalling.ts';

/** The demo application as a process, over real WebRTC, against players without a page. */
const patience = { timeout: 60_000, interval: 30 };
const small = ['--width', '320', '--height', '180', '--fps', '20'];

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});
function owned<T extends { close(): unknown }>(thing: T): T {
  open.push(thing);
  return thing;
}

async function start(
  args: readonly string[] = [],
): Promise<{ signalling: SmallSignalling; demo: DemoProcess }> {
  const signalling = owned(await openSmallSignalling());
  const demo = owned(startDemo(signalling.streamerUrl, [...small, ...args]));
  onTestFinished(({ task }) => {
    if (task.result?.state === 'fail') console.error(demo.output);
  });
  await vi.waitFor(() => expect(signalling.streamerConnected).toBe(true), patience);
  return { signalling, demo };
}
async function join(signalling: SmallSignalling): Promise<HeadlessPlayer> {
  const player = owned(joinHeadless(signalling.playerUrl));
  await vi.waitFor(() => {
    expect(player.frameNumber).toBeDefined();
    expect(player.channelOpen).toBe(true);
  }, patience);
  return player;
}
/** Asks for the state and gives the answer to this very question. */
async function stateOf(player: HeadlessPlayer): Promise<DemoState> {
  const before = player.messages.length;
  player.tellDemo({ demo: 'state' });
  return await vi.waitFor(() => {
    const answer = player.messages.slice(before).find(({ type }) => type === 'Response');
    expect(answer).toBeDefined();
    return (JSON.parse(answer?.text ?? '') as { state: DemoState }).state;
  }, patience);
}
const moves = async (player: HeadlessPlayer) => {
  const before = player.frameNumber ?? 0;
  await vi.waitFor(() => expect(player.frameNumber).toBeGreaterThan(before + 5), patience);
};

describe('the demo application', () => {
  it('shows a moving picture to several players and takes the input of each', async () => {
    const { signalling } = await start();
    const one = await join(signalling);
    const two = await join(signalling);
    await moves(one);
    await moves(two);
    for (const letter of 'Ab') one.say('KeyPress', [letter.charCodeAt(0)]);
    two.say('MouseDown', [0, 100, 100]);
    expect(await stateOf(one)).toMatchObject({ viewers: 2, served: 2, typed: 'Ab' });
    expect(await stateOf(two)).toMatchObject({ inputs: 5 });
    const types = new Set(one.messages.map(({ type }) => type));
    expect(types).toContain('Protocol');
    expect(types).toContain('InitialSettings');
    two.close();
    await vi.waitFor(async () => expect((await stateOf(one)).viewers).toBe(1), patience);
  });

  it('goes on playing while signalling is away, comes back with the same address, and takes new players', async () => {
    const { signalling } = await start();
    const player = await join(signalling);
    const { pid } = await stateOf(player);
    signalling.dropStreamer();
    await moves(player);
    await vi.waitFor(() => expect(signalling.connects).toBe(2), patience);
    await moves(player);
    expect(player.state).toBe('connected');
    const late = await join(signalling);
    expect(await stateOf(late)).toMatchObject({ pid, viewers: 2 });
    expect(player.restarted).toBe(false);
  });

  it('keeps its players when their sockets are lost, until it is told that they left', async () => {
    const { signalling } = await start();
    const player = await join(signalling);
    const other = await join(signalling);
    player.dropSocket();
    await vi.waitFor(async () => expect((await stateOf(other)).viewers).toBe(1), patience);
  });

  it('goes black and is made fresh again by a reset that it acknowledges', async () => {
    const { signalling } = await start();
    const player = await join(signalling);
    player.say('KeyPress', [65]);
    player.tellDemo({ demo: 'black' });
    await vi.waitFor(() => {
      const { data, width, height } = player.lastFrame ?? { data: [255], width: 1, height: 1 };
      expect(Math.max(...data.slice(0, width * height))).toBeLessThan(40);
    }, patience);
    expect(await stateOf(player)).toMatchObject({ black: true, typed: 'A' });
    player.tellDemo({ demo: 'reset' });
    await vi.waitFor(
      () => expect(player.messages.some(({ text }) => text.includes('"demo":"reset","ok":true'))).toBe(true),
      patience,
    );
    expect(await stateOf(player)).toMatchObject({ black: false, typed: '', resets: 1 });
    await moves(player);
  });

  it('takes commands on its port and on its standard input, and none of another site', async () => {
    const { demo } = await start(['--port', '0', '--stdin']);
    const address = await vi.waitFor(() => {
      const found = /commands at (\S+)/.exec(demo.output)?.[1];
      expect(found).toBeDefined();
      return found ?? '';
    }, patience);
    const post = (path: string, type: string, body = '') =>
      fetch(`${address}${path}`, { method: 'POST', body, headers: { 'content-type': type } });
    expect(await (await post('/reset', 'application/json')).json()).toMatchObject({ state: { resets: 1 } });
    expect((await post('/reset', 'text/plain')).status).toBe(415);
    expect((await post('/nonsense', 'application/json')).status).toBe(404);
    expect((await post('/leak', 'application/json', '{')).status).toBe(400);
    expect(await (await post('/leak', 'application/json', '{"megabytes":3}')).json()).toMatchObject({
      state: { leakedMegabytes: 3 },
    });
    demo.child.stdin?.write('reset\n');
    await vi.waitFor(() => expect(demo.output).toContain('done: reset'), patience);
    expect(await (await fetch(`${address}/state`)).json()).toMatchObject({
      state: { resets: 2, leakedMegabytes: 0 },
    });
    demo.child.stdin?.end();
    expect(await demo.ended).toEqual({ code: 0, signal: null });
  });

  it('hangs, crashes and exits when it is told to', async () => {
    const { signalling, demo } = await start();
    const player = await join(signalling);
    player.tellDemo({ demo: 'hang' });
    const stands = async () => {
      const before = player.frames;
      await new Promise((resolve) => setTimeout(resolve, 500));
      return player.frames === before;
    };
    await vi.waitFor(async () => expect(await stands()).toBe(true), patience);
    expect(demo.child.exitCode).toBeNull();

    const { signalling: next, demo: second } = await start();
    (await join(next)).tellDemo({ demo: 'crash' });
    expect(await second.ended).toEqual({ code: null, signal: 'SIGSEGV' });

    const { signalling: last, demo: third } = await start();
    (await join(last)).tellDemo({ demo: 'exit', code: 7 });
    expect(await third.ended).toEqual({ code: 7, signal: null });
  });

  it('lives through everything that a server may say', async () => {
    const { signalling } = await start();
    const player = await join(signalling);
    for (const message of [
      { type: 'answer', playerId: '1001', sdp: 'nonsense' },
      { type: 'answer', playerId: 9, sdp: 4 },
      { type: 'offer', playerId: '77', sdp: 'v=0' },
      {
        type: 'iceCandidate',
        playerId: '1001',
        candidate: { candidate: 'x', sdpMid: '9', sdpMLineIndex: 4 },
      },
      { type: 'iceCandidate', playerId: '1001' },
      { type: 'playerConnected' },
      { type: 'playerConnected', playerId: '88', sendOffer: false },
      { type: 'playerDisconnected', playerId: 'nobody' },
      { type: 'warning', warning: 'x' },
      { type: 'config', peerConnectionOptions: null },
      { type: '__proto__' },
    ])
      signalling.tell(message);
    await moves(player);
    expect(await stateOf(player)).toMatchObject({ viewers: 1 });
  });
});
