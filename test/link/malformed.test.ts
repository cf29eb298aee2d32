import { newId } from '@backlot/contract/id';
import { linkMaxBytes } from '@backlot/contract/link/envelope';
import { nodeMessages } from '@backlot/contract/link/messages';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { type LinkControl, startLinkControl } from '@backlot/testkit/link-control';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type LinkNode, startLinkNode, until } from './link-node.ts';

let database: TestDatabase;
let control: LinkControl;
const nodes: LinkNode[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  control = await startLinkControl({ database, settings: { helloMs: 600, pingMs: 200, silenceMs: 60_000 } });
});
afterAll(async () => {
  for (const node of nodes) await node.close();
  await control.close();
  await database.close();
});

/** A bare socket at the link, with all that comes back. */
async function bare() {
  const socket = new WebSocket(`${control.url.replace(/^http/, 'ws')}/api/v1/node/link`);
  const answers: { t: string; re?: string; b: { code?: string } }[] = [];
  let closed: number | undefined;
  socket.on('message', (data) => answers.push(JSON.parse(data.toString())));
  socket.on('close', (code) => {
    closed = code;
  });
  socket.on('error', () => undefined);
  await until('it is challenged', () => answers.some(({ t }) => t === 'challenge'));
  return { socket, answers, closed: () => closed };
}

async function signedIn() {
  const node = await startLinkNode({ url: control.url, joinToken: await control.joinToken() });
  nodes.push(node);
  await until('signed in', () => node.welcomes.length > 0);
  return node;
}

describe('messages that fit nothing', () => {
  it('are answered with a typed error and change nothing, whatever they are', {
    timeout: 120_000,
  }, async () => {
    const envelope = fc.record(
      {
        v: fc.oneof(fc.constant(1), fc.jsonValue()),
        id: fc.oneof(fc.string(), fc.jsonValue()),
        t: fc.oneof(fc.constantFrom(...Object.keys(nodeMessages)), fc.string()),
        b: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    const text = fc.oneof(
      fc.string({ maxLength: 500 }),
      fc.jsonValue().map((value) => JSON.stringify(value)),
      envelope.map((value) => JSON.stringify(value)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 6 }), async (messages) => {
        const { socket, answers } = await bare();
        for (const message of messages) socket.send(message);
        socket.send(JSON.stringify({ v: 1, id: 'last', t: 'nonsense', b: {} }));
        await until('the last is answered, or it is shown out', () => {
          return answers.some(({ re }) => re === 'last') || socket.readyState === WebSocket.CLOSED;
        });
        for (const { t, b } of answers.filter((answer) => answer.t !== 'challenge')) {
          expect(t).toBe('error');
          expect(b.code).toMatch(/^link_/);
        }
        socket.terminate();
      }),
      { numRuns: 100 },
    );
    expect(control.reports).toEqual([]);
    const still = await signedIn();
    expect(still.client.connected).toBe(true);
  });

  it('from a node that has signed in cost it an answer, not its link', async () => {
    const node = await signedIn();
    await expect(
      // @ts-expect-error a body that the type forbids
      node.client.request('state', { allocation: 'no', fence: -1 }, { timeoutMs: 5_000 }),
    ).rejects.toMatchObject({ params: { method: 'link_message_malformed' } });
    expect(node.client.connected).toBe(true);
  });

  it('end the link when nothing else comes', async () => {
    const { socket, closed } = await bare();
    for (let n = 0; n < 60; n += 1) socket.send('{"v":1,"t":"hello","b":{}}');
    await until('it is closed', () => closed() !== undefined);
    expect(closed()).toBe(1008);
  });

  it('before hello are refused, and no hello at all ends the link in time', async () => {
    const eager = await bare();
    eager.socket.send(JSON.stringify({ v: 1, id: 'x', t: 'accept', b: { allocation: newId(), fence: 1 } }));
    await until('it is closed', () => eager.closed() !== undefined);
    expect(eager.answers.at(-1)).toMatchObject({
      t: 'error',
      re: 'x',
      b: { code: 'link_message_unexpected' },
    });
    const silent = await bare();
    await until('it is closed', () => silent.closed() !== undefined);
    expect(silent.closed()).toBe(4003);
  });

  it('that are too large are never sent by a node: whoever asked is told so, and the link stays', async () => {
    const big = 'x'.repeat(linkMaxBytes);
    const node = await startLinkNode({
      url: control.url,
      joinToken: await control.joinToken(),
      onMessage: (client, message) => {
        if (message.t !== 'call') return;
        const payload = message.b.method === 'big' ? big : 'small';
        client.send('result', { payload }, { re: message.id });
      },
    });
    nodes.push(node);
    await until('signed in', () => node.welcomes.length > 0);
    const call = (method: string) =>
      control.links.callHere(node.identity.nodeId ?? '', {
        allocation: newId(),
        method,
        payload: null,
        deadlineMs: 10_000,
      });
    await expect(call('big')).rejects.toMatchObject({ params: { method: 'link_message_too_large' } });
    await expect(
      node.client.request(
        'call',
        { allocation: newId(), method: 'big', payload: big, deadlineMs: 10_000 },
        { timeoutMs: 10_000 },
      ),
    ).rejects.toMatchObject({ code: 'link_message_too_large' });
    expect(await call('small')).toBe('small');
    expect(node.downs()).toBe(0);
  });

  it('that are too large close the link', async () => {
    const { socket, closed } = await bare();
    socket.send('x'.repeat(linkMaxBytes + 1));
    await until('it is closed', () => closed() !== undefined);
    expect(closed()).toBe(1009);
  });
});

describe('a flood', () => {
  it('waits on the sender’s side, and everyone else is served meanwhile', { timeout: 180_000 }, async () => {
    const flooder = await signedIn();
    const other = await signedIn();
    const noise = 'x'.repeat(4_000);
    for (let n = 0; n < 8_000; n += 1) {
      flooder.client.send('progress', {
        allocation: newId(),
        fence: 1,
        progress: { message: noise.slice(0, 300), detail: { noise } },
      });
    }
    const began = performance.now();
    for (let seq = 1; seq <= 20; seq += 1) {
      const allocation = newId();
      await other.client.request(
        'state',
        { allocation, fence: 1, seq: 1, state: 'running', outputs: [] },
        { timeoutMs: 5_000 },
      );
    }
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(other.client.connected).toBe(true);
  });
});
