import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, systemClock } from '@backlot/contract/clock';
import { newId } from '@backlot/contract/id';
import { afterEach, expect, it } from 'vitest';
import { type StreamItem, streamEvents } from './events.ts';
import { Transport } from './transport.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(handler: (request: IncomingMessage, response: ServerResponse, count: number) => void) {
  let count = 0;
  const server = createServer((request, response) => {
    count += 1;
    handler(request, response, count);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const waits: number[] = [];
const clock: Clock = { ...systemClock, sleep: async (ms) => void waits.push(ms) };

function event(seq: number): string {
  const body = {
    seq,
    id: newId(),
    at: '2026-01-01T00:00:00Z',
    projectId: null,
    kind: 'job.ended',
    subject: { kind: 'job', id: 'x' },
    body: {},
  };
  return `id: ${seq}\nevent: event\ndata: ${JSON.stringify(body)}\n\n`;
}

async function readUntil(baseUrl: string, enough: (items: readonly StreamItem[]) => boolean, after?: number) {
  const items: StreamItem[] = [];
  const transport = new Transport({ baseUrl, clock, random: () => 0 });
  for await (const item of streamEvents(transport, after === undefined ? {} : { after })) {
    items.push(item);
    if (enough(items)) break;
  }
  return items;
}

const seqs = (items: readonly StreamItem[]) =>
  items.flatMap((item) => (item.type === 'event' ? [item.event.seq] : []));

it('goes on after a break where it was, and says that nothing is missing', async () => {
  const asked: (string | undefined)[] = [];
  const url = await serve((request, response, count) => {
    asked.push(request.headers['last-event-id'] as string | undefined);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    if (count === 1) response.write(`: hello\n\n${event(5)}${event(6)}`, () => response.destroy());
    else response.write(event(7));
  });
  const items = await readUntil(url, (all) => seqs(all).includes(7));
  expect(seqs(items)).toEqual([5, 6, 7]);
  expect(asked).toEqual([undefined, '6']);
  expect(items.filter((item) => item.type === 'open')).toEqual([
    { type: 'open', resumed: false },
    { type: 'open', resumed: true },
  ]);
  expect(items.filter((item) => item.type === 'closed')).toHaveLength(1);
});

it('waits longer after each failure, and asks for what an earlier run had not seen', async () => {
  waits.length = 0;
  const asked: (string | undefined)[] = [];
  const url = await serve((request, response, count) => {
    asked.push(request.headers['last-event-id'] as string | undefined);
    if (count < 4) response.writeHead(503).end();
    else response.writeHead(200).write(event(43));
  });
  const items = await readUntil(url, (all) => seqs(all).length === 1, 42);
  expect(asked).toEqual(['42', '42', '42', '42']);
  expect(waits).toEqual([375, 750, 1500]);
  expect(items.map((item) => item.type)).toEqual(['closed', 'closed', 'closed', 'open', 'event']);
});

it('ends with the error when it will not get better', async () => {
  const url = await serve((_request, response) => response.writeHead(401).end());
  await expect(readUntil(url, () => false)).rejects.toMatchObject({ status: 401 });
});

it('passes live updates on and leaves out what it does not know', async () => {
  const update = { kind: 'node.load', subject: { kind: 'node', id: 'n' }, body: { cpu: 0.5 } };
  const url = await serve((_request, response) => {
    response
      .writeHead(200)
      .write(
        `event: live\ndata: {"odd":1}\n\nevent: event\ndata: torn{\n\nevent: live\ndata: ${JSON.stringify(update)}\n\n`,
      );
  });
  const items = await readUntil(url, (all) => all.length === 2);
  expect(items).toEqual([
    { type: 'open', resumed: false },
    { type: 'live', update },
  ]);
});

it('closes the connection when nobody reads any more', async () => {
  let closed: () => void = () => undefined;
  const gone = new Promise<void>((resolve) => {
    closed = resolve;
  });
  const url = await serve((request, response) => {
    request.once('close', closed);
    response.writeHead(200).write(event(1));
  });
  await readUntil(url, (all) => seqs(all).length === 1);
  await gone;
});
