import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { event, from, numberOf, type PlayedParts, playedParts } from '../../../test/compat/played-parts.ts';
import { mostEvents } from './backlog.ts';
import { mostAsked } from './command-turn.ts';
import { mostRefused } from './conversation.ts';
import { ReverseSocket } from './reverse-socket.ts';

interface Connection {
  readonly socket: WebSocket;
  readonly heard: Record<string, unknown>[];
}
const opened: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

/** A real balancing server. @param greet what it does with a connection as soon as there is one */
async function peer(greet: (socket: WebSocket, index: number) => void = () => {}) {
  const connections: Connection[] = [];
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  server.on('connection', (socket) => {
    const heard: Record<string, unknown>[] = [];
    socket.on('message', (data) => heard.push(JSON.parse(String(data))));
    socket.on('error', () => {});
    greet(socket, connections.length);
    connections.push({ socket, heard });
  });
  await new Promise((resolve) => server.once('listening', resolve));
  opened.push(async () => {
    for (const { socket } of connections) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/?token=s`, connections };
}
function dial(played: PlayedParts, url: string): void {
  const link = new ReverseSocket(played.parts, played.gateway, { url }, () => 0);
  opened.push(() => link.close());
  link.start();
}
const patience = { timeout: 50_000, interval: 20 };

describe('a socket that is dialled to a balancing server', () => {
  it('does so many commands at once as it can wait for, and answers the rest that they are too many', async () => {
    let goOn = () => {};
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const played = playedParts(() => held);
    const { url, connections } = await peer((socket) => {
      for (const echo of from(1, 3 * mostAsked)) socket.send(JSON.stringify({ CMD: 'allroom', echo }));
    });
    dial(played, url);
    const codes = (code: number) => connections[0]?.heard.filter((message) => message.code === code) ?? [];
    await vi.waitUntil(() => codes(429).length === 2 * mostAsked, patience);
    goOn();
    await vi.waitUntil(() => codes(0).length === mostAsked, patience);
    expect(codes(0).map(({ echo }) => echo)).toEqual(from(1, mostAsked));
    expect(played.done()).toBe(mostAsked);
    // There is room again.
    connections[0]?.socket.send(JSON.stringify({ CMD: 'allroom', echo: 'later' }));
    await vi.waitUntil(() => codes(0).some(({ echo }) => echo === 'later'), patience);
  });

  it('says nothing to a server that sends back all that it hears', async () => {
    const played = playedParts();
    const { url, connections } = await peer((socket) => {
      socket.on('message', (data) => socket.send(String(data)));
      // Nonsense, and a command: each is answered once.
      socket.send('{"CMD":"what"}');
      socket.send(JSON.stringify({ CMD: 'allroom', echo: 'once' }));
    });
    dial(played, url);
    for (const number of from(1, 3)) played.tell(event(number));
    await vi.waitUntil(() => connections[0]?.heard.length === 5, patience);
    // Whatever it has sent back is dealt with, in its turn, when this is answered.
    connections[0]?.socket.send(JSON.stringify({ CMD: 'allroom', echo: 'last' }));
    await vi.waitUntil(() => connections[0]?.heard.some(({ echo }) => echo === 'last'), patience);
    const heard = connections[0]?.heard ?? [];
    expect(heard.find(({ code }) => code === 400)).toMatchObject({ CMD: 'what' });
    expect(heard.map(({ ID, code }) => ID ?? code).sort()).toEqual([0, 0, '1', '2', '3', 400]);
    expect(played.done()).toBe(2);
  });

  it('is silent in the end to a server that answers refusals with nonsense, and hears its next command', async () => {
    const { url, connections } = await peer((socket) => {
      socket.on('message', (data) => {
        if (JSON.parse(String(data)).code === 400) socket.send('{"error":"I do not understand"}');
      });
      socket.send('hello');
    });
    dial(playedParts(), url);
    const heard = () => connections[0]?.heard ?? [];
    await vi.waitUntil(() => heard().length === mostRefused, patience);
    for (const echo of from(1, 2)) {
      connections[0]?.socket.send(JSON.stringify({ CMD: 'allroom', echo }));
      await vi.waitUntil(() => heard().some((message) => message.echo === echo), patience);
    }
    expect(heard().filter(({ code }) => code === 400)).toHaveLength(mostRefused);
    connections[0]?.socket.send('hello');
    await vi.waitUntil(() => heard().filter(({ code }) => code === 400).length > mostRefused, patience);
  });

  it('takes no frame that is longer than any command', async () => {
    const codes: number[] = [];
    const { url } = await peer((socket, index) => {
      socket.on('close', (code) => codes.push(code));
      if (index === 0) socket.send(JSON.stringify({ CMD: 'allroom', echo: 'x'.repeat(100_000) }));
    });
    dial(playedParts(), url);
    await vi.waitUntil(() => codes.length > 0, patience);
    expect(codes[0]).toBe(1009);
  });

  it('tells all that was kept to a server that reads slowly, in order and on one connection', async () => {
    const played = playedParts();
    const { url, connections } = await peer((socket) => {
      socket.pause();
      setTimeout(() => socket.resume(), 500);
    });
    dial(played, url);
    // 20 MB: far more than sockets hold between them.
    for (const number of from(1, mostEvents)) played.tell(event(number, 20_000));
    await vi.waitUntil(() => connections[0]?.heard.length === mostEvents, patience);
    expect(connections[0]?.heard.map(numberOf)).toEqual(from(1, mostEvents));
    expect(connections).toHaveLength(1);
    expect(played.warned).toEqual([]);
  });

  it('keeps what a connection that breaks had not taken, and tells it on the next one', async () => {
    const played = playedParts();
    const { url, connections } = await peer((socket, index) => {
      if (index > 0) return;
      socket.pause();
      setTimeout(() => socket.terminate(), 500);
    });
    dial(played, url);
    for (const number of from(1, mostEvents)) played.tell(event(number, 20_000));
    await vi.waitUntil(() => numberOf(connections[1]?.heard.at(-1) ?? {}) === mostEvents, patience);
    const told = connections[1]?.heard.map(numberOf) ?? [];
    // What the network had taken before it broke is gone; it holds a few megabytes of the twenty.
    const [first = Number.NaN] = told;
    expect(first).toBeLessThan(mostEvents / 2);
    expect(told).toEqual(from(first, mostEvents));
  });

  it('drops the oldest when more comes than is kept, and counts them in the log', async () => {
    const played = playedParts();
    const { url, connections } = await peer();
    dial(played, url);
    // Before it is connected.
    for (const number of from(1, mostEvents + 300)) played.tell(event(number));
    await vi.waitUntil(() => numberOf(connections[0]?.heard.at(-1) ?? {}) === mostEvents + 300, patience);
    expect(connections[0]?.heard.map(numberOf)).toEqual(from(301, mostEvents + 300));
    await vi.waitUntil(() => played.warned.length === 2, patience);
    expect(played.warned).toMatchObject([
      { text: expect.stringContaining('dropped') },
      { facts: { dropped: 300 } },
    ]);
    expect(JSON.stringify(played.warned)).not.toContain('token=s');
  });
});
