import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { event, from, numberOf, type PlayedParts, playedParts } from '../../../test/compat/played-parts.ts';
import { mostAnswers, mostEvents } from './backlog.ts';
import { ReverseHttp } from './reverse-http.ts';

interface Message {
  readonly CMD?: string;
  readonly ID?: string;
  readonly code?: number;
}
const opened: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

/** A real server that gets each post and answers it when it likes, and a link that posts to it. */
async function peer(reply: (message: Message, response: ServerResponse) => void, played: PlayedParts) {
  const server: Server = createServer((request, response) => {
    let text = '';
    request.on('data', (piece) => (text += String(piece)));
    request.on('end', () => reply(JSON.parse(text), response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  opened.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const link = new ReverseHttp(
    played.parts,
    played.gateway,
    { url: `http://127.0.0.1:${port}/?token=s` },
    () => 0,
  );
  opened.push(() => link.close());
  link.start();
  return link;
}
const patience = { timeout: 60_000, interval: 20 };

describe('an address that events are posted to', () => {
  it('that commands in each of its answers makes no more than so many wait, and is told that it is too much', async () => {
    const played = playedParts();
    const heard: Message[] = [];
    const commands = Array.from({ length: 50 }, (_, index) => ({ CMD: 'allroom', echo: index }));
    await peer((message, response) => {
      heard.push(message);
      response.end(JSON.stringify({ commands }));
    }, played);
    played.tell(event(0));
    await vi.waitUntil(() => heard.length > 400, patience);
    const answered = () => heard.filter(({ CMD, code }) => CMD === 'allroom' && code === 0).length;
    // Done and not yet answered, and the one that is on its way.
    expect(played.done() - answered()).toBeLessThanOrEqual(mostAnswers + 1);
    // Refusals are posts, too: one stands for all that are too many until it has been posted.
    const refused = heard.filter(({ code }) => code === 429).length;
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThanOrEqual(Math.ceil(heard.length / mostAnswers) + 1);
    expect(played.warned).toMatchObject([{ text: expect.stringContaining('commands too much at once') }]);
    // Events have their turn all the same.
    played.tell(event(1));
    await vi.waitUntil(() => heard.some(({ ID }) => ID === '1'), patience);
  });

  it('that commands more than is allowed has the first of them done, and nonsense counts like the rest', async () => {
    const played = playedParts();
    const heard: Message[] = [];
    const nonsense = [7, null, { CMD: 'rm -rf /' }, 'x', []];
    const commands = [...nonsense, ...Array.from({ length: 80 }, () => ({ CMD: 'allroom' }))];
    await peer((message, response) => {
      heard.push(message);
      response.end(JSON.stringify(heard.length === 1 ? { commands } : {}));
    }, played);
    played.tell(event(0));
    await vi.waitUntil(() => heard.length === 52, patience);
    expect(heard.map(({ ID, code }) => ID ?? code)).toEqual([
      '0',
      ...nonsense.map(() => 400),
      ...Array.from({ length: 45 }, () => 0),
      429,
    ]);
    expect(played.done()).toBe(45);
    expect(played.warned).toMatchObject([{ facts: { refused: 35 } }]);
  });

  it('that takes one for long and refuses it gets that one again and then the newest, in order and each once', async () => {
    const played = playedParts();
    const attempts: number[] = [];
    const taken: number[] = [];
    let held: ServerResponse | undefined;
    await peer((message, response) => {
      attempts.push(numberOf(message));
      if (attempts.length === 1) {
        held = response;
        return;
      }
      taken.push(numberOf(message));
      response.end('{}');
    }, played);
    played.tell(event(0));
    await vi.waitUntil(() => held !== undefined, patience);
    const last = mostEvents + 500;
    for (const number of from(1, last)) played.tell(event(number));
    expect(played.warned).toMatchObject([{ text: expect.stringContaining('dropped') }]);
    if (held) held.statusCode = 503;
    held?.end();
    await vi.waitUntil(() => taken.at(-1) === last, patience);
    expect(attempts.slice(0, 2)).toEqual([0, 0]);
    expect(taken).toEqual([0, ...from(501, last)]);
    await vi.waitUntil(() => played.warned.length === 2, patience);
    expect(played.warned[1]).toMatchObject({ facts: { dropped: 500, project: 'the-project' } });
    // What lets us in over there is not written down.
    expect(JSON.stringify(played.warned)).not.toContain('token=s');
  });

  it('that is never there loses what waits when the link is closed, and this is written down', async () => {
    const played = playedParts();
    const link = await peer((_message, response) => response.writeHead(503).end(), played);
    for (const number of from(0, 9)) played.tell(event(number));
    await link.close();
    // The one that was on its way is not among them: nobody knows.
    expect(played.warned).toMatchObject([{ facts: { dropped: 9 } }]);
  });
});
