import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import type { Event } from '@backlot/contract';
import { EventStreamParser, type StreamMessage } from '@backlot/sdk/event-stream';
import { type Person, signedInPerson } from '@backlot/testkit/person';
import { createTestFront, type TestFront } from '@backlot/testkit/test-front';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let front: TestFront;
let base: string;
const projects = { film: '', game: '' };
let ada: Person;

beforeAll(async () => {
  front = await createTestFront();
  const { host, port } = await front.http.listen('127.0.0.1', 0);
  base = `http://${host}:${port}`;
  for (const slug of ['film', 'game'] as const) {
    const made = await front.app.inject({
      method: 'POST',
      url: '/api/v1/projects',
      headers: { authorization: `Bearer ${front.adminToken}` },
      payload: { slug, name: slug },
    });
    projects[slug] = made.json().id;
  }
  ada = await signedInPerson(front, [{ projectId: projects.film, role: 'viewer' }], 'Ada');
});
afterAll(() => front.close());

/** An open stream that collects what it gets. */
interface Listener {
  readonly status: number;
  readonly messages: StreamMessage[];
  readonly ended: Promise<void>;
  until(condition: (messages: StreamMessage[]) => boolean): Promise<StreamMessage[]>;
  close(): void;
}

async function listen(
  query = '',
  headers: Record<string, string> = { authorization: `Bearer ${front.adminToken}` },
): Promise<Listener> {
  return await new Promise((resolve, reject) => {
    const request = httpRequest(`${base}/api/v1/events/stream${query}`, { headers });
    request.once('error', reject);
    request.once('response', (response) => {
      request.on('error', () => undefined);
      const parser = new EventStreamParser();
      const messages: StreamMessage[] = [];
      const waiting = new Set<() => void>();
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        messages.push(...parser.feed(piece));
        for (const check of [...waiting]) check();
      });
      const ended = new Promise<void>((done) => response.once('close', done));
      resolve({
        status: response.statusCode ?? 0,
        messages,
        ended,
        close: () => request.destroy(),
        until: (condition) =>
          new Promise((done, fail) => {
            const timer = setTimeout(() => fail(new Error(`Not seen: ${JSON.stringify(messages)}`)), 10_000);
            const check = () => {
              if (!condition(messages)) return;
              clearTimeout(timer);
              waiting.delete(check);
              done(messages);
            };
            waiting.add(check);
            check();
          }),
      });
    });
    request.end();
  });
}

let made = 0;
async function make(projectId: string | null, kind = 'job.changed', id = `s${++made}`): Promise<string> {
  await front.database.store.transaction((tx) =>
    front.events.append(tx, [{ projectId, kind, subject: { kind: 'job', id }, body: { n: made } }]),
  );
  front.events.wake();
  return id;
}
const events = (messages: StreamMessage[]): Event[] =>
  messages.filter((message) => message.event === 'event').map((message) => JSON.parse(message.data));
const ids = (messages: StreamMessage[]) => events(messages).map((event) => event.subject.id);
const ready = (messages: StreamMessage[]) => messages.some((message) => message.event === 'ready');

describe('the stream of events', () => {
  it('brings what happens from now on, in order, with its number as id', async () => {
    const stream = await listen();
    await stream.until(ready);
    const expected = [await make(projects.film), await make(projects.game), await make(null)];
    await stream.until((messages) => events(messages).length >= 3);
    expect(ids(stream.messages)).toEqual(expected);
    for (const message of stream.messages.filter(({ event }) => event === 'event')) {
      expect(message.id).toBe(String(JSON.parse(message.data).seq));
    }
    stream.close();
  });

  it('goes on after Last-Event-ID without a hole and without a repetition', async () => {
    const first = await listen();
    await first.until(ready);
    await make(projects.film);
    await first.until((messages) => events(messages).length >= 1);
    const last = first.messages.at(-1)?.id ?? '';
    first.close();
    const missed = [];
    for (let n = 0; n < 30; n += 1) missed.push(await make(projects.film));
    const again = await listen('', { authorization: `Bearer ${front.adminToken}`, 'last-event-id': last });
    const later = [await make(projects.film), await make(projects.film)];
    await again.until((messages) => events(messages).length >= 32);
    expect(ids(again.messages)).toEqual([...missed, ...later]);
    again.close();
  });

  it('replays while much is being written, without a hole at the seam', async () => {
    const start = front.hub.position;
    const expected: string[] = [];
    for (let n = 0; n < 600; n += 1) expected.push(`seam-${n}`);
    const writer = (async () => {
      for (let from = 0; from < expected.length; from += 20) {
        const drafts = expected.slice(from, from + 20).map((id) => ({
          projectId: projects.film,
          kind: 'job.changed',
          subject: { kind: 'job', id },
        }));
        await front.database.store.transaction((tx) => front.events.append(tx, drafts));
        front.events.wake();
      }
    })();
    const readers = await Promise.all(
      Array.from({ length: 5 }, () => listen(`?after=${start}&subjectKind=job`)),
    );
    await writer;
    for (const reader of readers) {
      await reader.until((messages) => events(messages).length >= expected.length);
      expect(ids(reader.messages)).toEqual(expected);
      reader.close();
    }
  });

  it('shows everybody only what they may see, also when replayed', async () => {
    const before = front.hub.position;
    const open = await listen('', ada.headers);
    await open.until(ready);
    const mine = await make(projects.film);
    await make(projects.game);
    const everybodys = await make(null, 'node.changed');
    await open.until((messages) => events(messages).length >= 2);
    const replayed = await listen(`?after=${before}`, ada.headers);
    await replayed.until((messages) => events(messages).length >= 2);
    for (const stream of [open, replayed]) {
      expect(ids(stream.messages)).toEqual([mine, everybodys]);
      stream.close();
    }
  });

  it.each([
    ['?kind=job.*', ['job.created', 'job.ended']],
    ['?kind=job.created', ['job.created']],
    ['?subjectId=pick-me', []],
  ])('filters by %s', async (query, kinds) => {
    const stream = await listen(query);
    await stream.until(ready);
    for (const kind of ['job.created', 'node.lost', 'job.ended', 'jobless.thing'])
      await make(projects.film, kind);
    const last = await make(projects.film, 'job.created', 'pick-me');
    await stream.until((messages) => ids(messages).includes(last));
    expect(
      events(stream.messages)
        .slice(0, -1)
        .map((event) => event.kind),
    ).toEqual(kinds);
    stream.close();
  });

  it('is for those who are signed in', async () => {
    const bob = await signedInPerson(front, [{ projectId: projects.film, role: 'viewer' }], 'Bob');
    const denied = await listen('', { cookie: 'backlot_session=bls_nothing' });
    expect(denied.status).toBe(401);
    denied.close();
    await front.app.inject({ method: 'POST', url: '/api/v1/logout', headers: bob.headers });
    const late = await listen('', bob.headers);
    expect(late.status).toBe(401);
    late.close();
  });

  it('refuses a Last-Event-ID that is none', async () => {
    const answer = await front.app.inject({
      url: '/api/v1/events/stream',
      headers: { authorization: `Bearer ${front.adminToken}`, 'last-event-id': '12; DROP TABLE event' },
    });
    expect(answer.statusCode).toBe(400);
  });

  it('is the same at /api/v1/events for who asks for a stream', async () => {
    const answer = await fetch(`${base}/api/v1/events`, {
      headers: { authorization: `Bearer ${front.adminToken}`, accept: 'text/event-stream' },
    });
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    expect(answer.headers.get('x-request-id')).toBeTruthy();
    await answer.body?.cancel();
  });

  it('lets a reader go that does not read, instead of keeping everything for it', async () => {
    const target = new URL(base);
    const socket = connect(Number(target.port), target.hostname);
    socket.on('error', () => undefined);
    socket.write(
      `GET /api/v1/events/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${front.adminToken}\r\n\r\n`,
    );
    await new Promise((resolve) => socket.once('data', resolve));
    socket.pause();
    const dropped = async () =>
      (await front.metrics.streamsDropped.get()).values.find(({ labels }) => labels.reason === 'slow')
        ?.value ?? 0;
    const body = { padding: 'x'.repeat(60_000) };
    for (let n = 0; n < 400 && (await dropped()) === 0; n += 1) {
      await front.database.store.transaction((tx) =>
        front.events.append(tx, [
          { projectId: null, kind: 'big.one', subject: { kind: 'big', id: `${n}` }, body },
        ]),
      );
      front.events.wake();
    }
    expect(await dropped()).toBe(1);
    // When it reads again it finds all that was sent before, and at the end why there is no more.
    let tail = '';
    await new Promise<void>((resolve) => {
      socket.setEncoding('utf8');
      socket.on('data', (piece: string) => {
        tail = (tail + piece).slice(-200);
        if (tail.includes('event: end')) resolve();
      });
      socket.once('close', () => resolve());
      socket.resume();
    });
    expect(tail).toContain('data: {"reason":"slow"}');
    socket.destroy();
  });
});

describe('live updates', () => {
  it('reach open pages at once, and then at most twice a second with the newest value', async () => {
    const stream = await listen('?subjectKind=node');
    await stream.until(ready);
    for (let n = 1; n <= 50; n += 1) {
      front.events.live({ kind: 'node.load', subject: { kind: 'node', id: 'n1' }, body: { n } }, null);
    }
    await stream.until((messages) => messages.some((message) => message.data.includes('"n":50')));
    const values = stream.messages
      .filter((message) => message.event === 'live')
      .map((message) => JSON.parse(message.data).body.n);
    expect(values).toEqual([1, 50]);
    stream.close();
  });

  it('carry no id, so that coming back loses no event', async () => {
    const stream = await listen();
    await stream.until(ready);
    const position = stream.messages.at(-1)?.id;
    front.events.live({ kind: 'x', subject: { kind: 'x', id: 'x' }, body: {} }, null);
    await stream.until((messages) => messages.some((message) => message.event === 'live'));
    expect(stream.messages.at(-1)?.id).toBe(position);
    stream.close();
  });

  it('of a project stay within it', async () => {
    const stream = await listen('', ada.headers);
    await stream.until(ready);
    const live = (projectId: string, id: string) =>
      front.events.live({ kind: 'task.progress', subject: { kind: 'task', id }, body: {} }, projectId);
    live(projects.game, 'secret');
    live(projects.film, 'mine');
    await stream.until((messages) => messages.some((message) => message.event === 'live'));
    expect(JSON.stringify(stream.messages)).not.toContain('secret');
    stream.close();
  });

  it('can be left out', async () => {
    const stream = await listen('?live=false');
    await stream.until(ready);
    front.events.live({ kind: 'x', subject: { kind: 'x', id: 'y' }, body: {} }, null);
    const id = await make(null);
    await stream.until((messages) => ids(messages).includes(id));
    expect(stream.messages.some((message) => message.event === 'live')).toBe(false);
    stream.close();
  });
});

describe('the list of events', () => {
  const read = async (
    query: string,
    headers: Record<string, string> = { authorization: `Bearer ${front.adminToken}` },
  ) => (await front.app.inject({ url: `/api/v1/events?${query}`, headers })).json();

  it('is paged, newest first, or oldest first with `after`', async () => {
    const start = front.hub.position;
    const written = [];
    for (let n = 0; n < 7; n += 1) written.push(await make(projects.film, 'job.paged'));
    const collect = async (query: string) => {
      const found: string[] = [];
      let cursor = '';
      do {
        const answer = await read(`${query}&limit=3${cursor}`);
        found.push(...answer.items.map((event: Event) => event.subject.id));
        cursor = answer.next ? `&cursor=${answer.next}` : '';
      } while (cursor !== '');
      return found;
    };
    expect(await collect('kind=job.paged')).toEqual(written.toReversed());
    await expect.poll(() => front.hub.position).toBeGreaterThanOrEqual(start + 7);
    expect(await collect(`kind=job.paged&after=${start}`)).toEqual(written);
  });

  it('holds nothing of projects that one may not see', async () => {
    const hidden = await make(projects.game, 'job.hidden');
    const { items } = await read('kind=job.hidden', { ...ada.headers });
    expect(items).toEqual([]);
    expect((await read('kind=job.hidden')).items.map((event: Event) => event.subject.id)).toEqual([hidden]);
  });
});
