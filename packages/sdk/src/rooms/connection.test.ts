import type { Clock } from '@backlot/contract/clock';
import { describe, expect, it, vi } from 'vitest';
import { defaultBackOff } from './back-off.ts';
import { Connection, type ConnectionEvents } from './connection.ts';
import type { SignalSession } from './signal-session.ts';
import type { SocketLike } from './socket.ts';

/** Time that only moves when the test says so. */
function handClock() {
  let now = 0;
  let timers: { at: number; run: () => void }[] = [];
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    after(ms, run) {
      const timer = { at: now + ms, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const timer = { at: now + ms, run: resolve };
        timers.push(timer);
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      }),
  };
  const pass = async (ms: number) => {
    now += ms;
    const due = timers.filter((timer) => timer.at <= now);
    timers = timers.filter((timer) => timer.at > now);
    for (const timer of due) timer.run();
    await settle();
  };
  return { clock, pass };
}

/** Lets everything happen that waits for nothing. */
const settle = async () => {
  for (let n = 0; n < 20; n += 1) await Promise.resolve();
};

type Frame = Record<string, unknown>;

/** A socket whose other end is the test. */
class TestSocket implements SocketLike {
  readyState = 0;
  readonly sent: Frame[] = [];
  readonly #listeners = new Map<string, ((event: never) => void)[]>();

  addEventListener(type: string, listener: (event: never) => void): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Frame);
  }

  close(code = 1000, reason = ''): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.#tell('close', { code, reason });
  }

  open(): void {
    this.readyState = 1;
    this.#tell('open', {});
  }

  say(frame: Frame): void {
    this.#tell('message', { data: JSON.stringify(frame) });
  }

  asked(method: string): Frame | undefined {
    return this.sent.findLast((frame) => frame.request === true && frame.method === method);
  }

  answer(method: string, data: object, seq?: number): void {
    this.say({ response: true, ok: true, id: this.asked(method)?.id, data, ...(seq ? { seq } : {}) });
  }

  #tell(type: string, event: object): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event as never);
  }
}

function connect() {
  const { clock, pass } = handClock();
  const sockets: TestSocket[] = [];
  const events = {
    onNotification: vi.fn(),
    onRequest: vi.fn(async () => ({})),
    onNewSession: vi.fn(),
    onResumed: vi.fn(),
    onLost: vi.fn(),
    onEnd: vi.fn(),
  } satisfies ConnectionEvents;
  const connection = new Connection({
    address: () => ({ url: 'http://studio.example', room: 'daily' }),
    have: () => ({ consumerIds: ['c1'] }),
    openSocket: () => {
      const socket = new TestSocket();
      sockets.push(socket);
      return socket;
    },
    clock,
    random: () => 1,
    backOff: defaultBackOff,
    events,
  });
  const newest = () => sockets.at(-1) as TestSocket;
  const welcomed = async (sessionId = 's1') => {
    await settle();
    newest().open();
    newest().say({ notification: true, method: 'welcome', data: { sessionId } });
    await settle();
    return connection.session as SignalSession;
  };
  connection.start();
  return { connection, events, sockets, newest, welcomed, pass };
}

describe('a connection to a room', () => {
  it('begins a session, asks and is told', async () => {
    const { events, newest, welcomed } = connect();
    const session = await welcomed();
    expect(events.onNewSession).toHaveBeenCalledExactlyOnceWith(session);
    const answer = session.request('join', { displayName: 'Ada' });
    newest().answer('join', { state: 'joined' }, 1);
    expect(await answer).toEqual({ state: 'joined' });
    newest().say({ notification: true, method: 'newPeer', data: { peer: 1 }, seq: 2 });
    expect(events.onNotification).toHaveBeenLastCalledWith('newPeer', { peer: 1 });
    expect(session.lastSeq).toBe(2);
  });

  it('goes on over the next socket: nothing is told twice, what had no answer is asked again with its id', async () => {
    const { events, sockets, newest, welcomed, pass } = connect();
    const session = await welcomed();
    newest().say({ notification: true, method: 'a', data: {}, seq: 1 });
    const answered = session.request('produce');
    const unheard = session.request('closeProducer');
    const [first, second] = [newest().asked('produce')?.id, newest().asked('closeProducer')?.id];
    newest().close(1006);
    await settle();
    expect(events.onLost).toHaveBeenCalledTimes(1);
    await pass(300);
    expect(sockets).toHaveLength(2);
    newest().open();
    await settle();
    expect(newest().sent).toEqual([
      expect.objectContaining({
        method: 'resume',
        data: { sessionId: 's1', lastSeq: 1, consumerIds: ['c1'] },
      }),
    ]);
    newest().answer('resume', { resumed: true, replayed: 2, snapshot: null }, 4);
    newest().say({ response: true, ok: true, id: first, data: { producerId: 'p' }, seq: 2 });
    expect(newest().sent).toHaveLength(1);
    newest().say({ notification: true, method: 'b', data: {}, seq: 3 });
    newest().say({ notification: true, method: 'b', data: {}, seq: 3 });
    await settle();
    expect(await answered).toEqual({ producerId: 'p' });
    expect(events.onResumed).toHaveBeenCalledExactlyOnceWith(null);
    expect(events.onNotification.mock.calls.map(([method]) => method)).toEqual(['a', 'b']);
    expect(newest().asked('closeProducer')?.id).toBe(second);
    newest().answer('closeProducer', {}, 5);
    expect(await unheard).toEqual({});
    expect(events.onNewSession).toHaveBeenCalledTimes(1);
  });

  it('begins anew when the server knows nothing of the session any more, and tells whoever waits', async () => {
    const { events, newest, welcomed, pass } = connect();
    const session = await welcomed();
    const waiting = session.request('produce');
    const failed = expect(waiting).rejects.toMatchObject({ code: 'disconnected' });
    newest().close(1006);
    await settle();
    await pass(300);
    newest().open();
    newest().say({ notification: true, method: 'welcome', data: { sessionId: 's2' } });
    await settle();
    newest().say({
      response: true,
      ok: false,
      id: newest().asked('resume')?.id,
      errorCode: 404,
      errorReason: 'This session has ended.',
      errorData: { code: 'session_unknown' },
    });
    await settle();
    await failed;
    expect(events.onNewSession).toHaveBeenCalledTimes(2);
    expect(events.onResumed).not.toHaveBeenCalled();
  });

  it('goes elsewhere when it is told to, whatever the server says about the socket that it leaves', async () => {
    const { connection, events, sockets, newest, welcomed, pass } = connect();
    const session = await welcomed();
    const waiting = expect(session.request('produce')).rejects.toMatchObject({ code: 'disconnected' });
    const left = newest();
    // The server's own farewell overtakes ours.
    left.close = () => {
      left.say({ notification: true, method: 'ended', data: { reason: 'moved', message: '' }, seq: 1 });
      TestSocket.prototype.close.call(left, 4000, 'moved');
    };
    connection.restart();
    await waiting;
    await settle();
    await pass(300);
    expect(sockets).toHaveLength(2);
    await welcomed('s2');
    expect(newest().sent).toEqual([]);
    expect(events.onNewSession).toHaveBeenCalledTimes(2);
    expect(events.onEnd).not.toHaveBeenCalled();
  });

  it.each([
    ['the last word', { reason: 'kicked', message: 'Ada has removed you.' }, 4000, 'kicked', 'closed'],
    ['a refusal', { reason: 'refused', message: 'The room is locked.' }, 4003, 'refused', 'refused'],
  ])('ends for good with %s of the server', async (_name, word, code, reason, errorCode) => {
    const { events, sockets, newest, welcomed, pass } = connect();
    await welcomed();
    newest().say({ notification: true, method: 'ended', data: word, seq: 1 });
    newest().close(code);
    await settle();
    await pass(60_000);
    expect(sockets).toHaveLength(1);
    expect(events.onEnd).toHaveBeenCalledExactlyOnceWith(
      reason,
      expect.objectContaining({ code: errorCode, message: word.message, reason }),
    );
  });

  it('gives up after long enough without a server', async () => {
    const { events, sockets, pass } = connect();
    for (let n = 0; n < 60 && events.onEnd.mock.calls.length === 0; n += 1) {
      await settle();
      sockets.at(-1)?.close(1006);
      await settle();
      await pass(5_000);
    }
    expect(events.onEnd).toHaveBeenCalledWith(
      'unreachable',
      expect.objectContaining({ code: 'disconnected' }),
    );
    expect(sockets.length).toBeGreaterThan(10);
  });

  it('finds a socket that is open and dead, and takes another', async () => {
    const { events, newest, welcomed, sockets, pass } = connect();
    await welcomed();
    await pass(15_000);
    expect(newest().asked('ack')).toBeDefined();
    await pass(6_000);
    expect(events.onLost).toHaveBeenCalledTimes(1);
    await pass(300);
    expect(sockets).toHaveLength(2);
  });

  it('answers the server, and tells it what went wrong', async () => {
    const { events, newest, welcomed } = connect();
    await welcomed();
    events.onRequest.mockRejectedValueOnce(new Error('Nobody answers shout here.'));
    newest().say({ request: true, id: 7, method: 'rpc', data: {}, seq: 1 });
    newest().say({ request: true, id: 8, method: 'newConsumer', data: {}, seq: 2 });
    await settle();
    expect(newest().sent).toEqual([
      { response: true, id: 7, ok: false, errorCode: 400, errorReason: 'Nobody answers shout here.' },
      { response: true, id: 8, ok: true, data: {} },
    ]);
  });

  it('leaves out what is no message', async () => {
    const { events, newest, welcomed } = connect();
    const session = await welcomed();
    events.onNotification.mockClear();
    for (const frame of [
      null,
      1,
      'x',
      [],
      {},
      { request: true },
      { notification: true },
      { response: true, id: 'x' },
    ]) {
      newest().say(frame as never);
    }
    expect(events.onNotification).not.toHaveBeenCalled();
    expect(session.lastSeq).toBe(0);
  });

  it('is silent after it was closed', async () => {
    const { connection, events, sockets, newest, welcomed, pass } = connect();
    await welcomed();
    connection.close();
    expect(newest().readyState).toBe(3);
    await settle();
    await pass(120_000);
    expect(sockets).toHaveLength(1);
    expect([events.onLost, events.onEnd].map((one) => one.mock.calls.length)).toEqual([0, 0]);
  });
});
