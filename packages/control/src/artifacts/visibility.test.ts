import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { Artifact, ArtifactCheckAnswer, newId, Page } from '@backlot/contract';
import { tinyControl } from '@backlot/testkit/tiny/control';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditLog } from '../access/audit-log.ts';
import { createEventLog } from '../events/event-log.ts';
import { createLocalFabric } from '../fabric/local-fabric.ts';
import { type Actor, type Kernel, systemActor } from '../kernel.ts';
import type { ArtifactGuard } from '../workload.ts';
import { insertUploadArtifact } from './library.ts';
import { openTestRoom, sha256, type TestRoom } from './testing/room.ts';
import { createVisibility } from './visibility.ts';

const events = createEventLog(createLocalFabric({ log: pino({ level: 'silent' }) }));
let room: TestRoom;
let project: string;
let viewer: string;
let submitter: string;
let operator: string;

// The tiny workload lets only operators see what is whispered.
beforeAll(async () => {
  room = await openTestRoom({}, [tinyControl]);
  project = await room.project();
  viewer = await room.person(project, 'viewer');
  submitter = await room.person(project, 'submitter');
  operator = await room.person(project, 'operator');
});
afterAll(() => room.close());

const call = (who: string, path: string, method = 'GET', body?: object) =>
  fetch(room.url + path, {
    method,
    headers: {
      authorization: `Bearer ${who}`,
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });

async function store(name: string, bytes = randomBytes(20), into = project): Promise<Artifact> {
  const { digest, size } = await room.blobs.put(Readable.from([bytes], { objectMode: false }));
  return room.database.store.transaction((tx) =>
    insertUploadArtifact(tx, { events, audit: auditLog }, systemActor, {
      projectId: into,
      name,
      digest,
      size,
      mediaType: 'text/plain',
    }),
  );
}

/** Everything on all pages, and how many of them there were. */
async function listAll(
  who: string,
  limit: number,
  into: string,
): Promise<{ ids: string[]; sizes: number[] }> {
  const ids: string[] = [];
  const sizes: number[] = [];
  let cursor: string | undefined;
  do {
    const query = new URLSearchParams({
      limit: String(limit),
      projectId: into,
      ...(cursor ? { cursor } : {}),
    });
    const { items, next } = Page(Artifact).parse(
      await (await call(who, `/api/v1/artifacts?${query}`)).json(),
    );
    ids.push(...items.map(({ id }) => id));
    sizes.push(items.length);
    cursor = next;
  } while (cursor);
  return { ids, sizes };
}

describe('an artifact that a workload hides', () => {
  it('is answered as one that isn’t there, in every way to ask for it', async () => {
    const hidden = await store('whisper-1.txt');
    const unknown = newId();
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/content'],
      ['HEAD', '/content'],
      ['DELETE', ''], // also before the permission is looked at: 403 would say that it is there
    ] as const) {
      const answers = await Promise.all(
        [hidden.id, unknown].map(async (id) => {
          const answer = await call(viewer, `/api/v1/artifacts/${id}${path}`, method);
          return [answer.status, (await answer.text()).replaceAll(id, '').replace(/"requestId":"[^"]*"/, '')];
        }),
      );
      expect(answers[0], `${method} ${path}`).toEqual(answers[1]);
      expect(answers[0]?.[0]).toBe(404);
    }
    const bytes = await call(operator, `/api/v1/artifacts/${hidden.id}/content`);
    expect(sha256(Buffer.from(await bytes.arrayBuffer()))).toBe(hidden.digest);
  });

  it('is in no zip', async () => {
    const hidden = await store('whisper-2.txt');
    const open = await store('aloud.txt');
    const ask = (who: string, ...ids: string[]) => call(who, `/api/v1/artifacts/zip?ids=${ids.join(',')}`);
    expect((await ask(viewer, hidden.id)).status).toBe(404);
    const names = async (who: string) => {
      const zip = Buffer.from(await (await ask(who, hidden.id, open.id)).arrayBuffer()).toString('latin1');
      return ['whisper-2.txt', 'aloud.txt'].filter((name) => zip.includes(name));
    };
    expect(await names(viewer)).toEqual(['aloud.txt']);
    expect(await names(operator)).toEqual(['whisper-2.txt', 'aloud.txt']);
  });

  it('is not found again by its digest, while an open copy of the same bytes is', async () => {
    const bytes = randomBytes(30);
    const hidden = await store('whisper-3.txt', bytes);
    const check = async (who: string, name: string) => {
      const body = { projectId: project, sha256: hidden.digest, size: hidden.size, name };
      const answer = await call(who, '/api/v1/artifacts/check', 'POST', body);
      return ArtifactCheckAnswer.parse(await answer.json()).artifact;
    };
    const before = await listAll(operator, 100, project);
    expect(await check(submitter, 'whisper-3.txt')).toBeNull();
    expect(await check(submitter, 'mine.txt')).toBeNull();
    expect(await listAll(operator, 100, project)).toEqual(before);
    expect((await check(operator, 'whisper-3.txt'))?.id).toBe(hidden.id);
    const open = await store('open.txt', bytes);
    await store('whisper-4.txt', bytes);
    expect((await check(submitter, 'open.txt'))?.id).toBe(open.id);
    expect(await check(submitter, 'renamed.txt')).toMatchObject({
      name: 'renamed.txt',
      digest: hidden.digest,
    });
  });

  it('is passed over in lists, whose pages stay full', async () => {
    const own = await room.project();
    const reader = await room.person(own, 'viewer');
    const boss = await room.person(own, 'operator');
    const open: string[] = [];
    const all: string[] = [];
    for (let n = 0; n < 24; n += 1) {
      const whispered = n % 4 !== 0;
      const { id } = await store(`${whispered ? 'whisper-' : ''}${n}.txt`, randomBytes(8), own);
      all.unshift(id);
      if (!whispered) open.unshift(id);
    }
    expect(await listAll(boss, 10, own)).toEqual({ ids: all, sizes: [10, 10, 4] });
    for (const [limit, sizes] of [
      [1, [1, 1, 1, 1, 1, 1]],
      [2, [2, 2, 2]],
      [4, [4, 2]],
      [6, [6]],
      [100, [6]],
    ] as const)
      expect(await listAll(reader, limit, own)).toEqual({ ids: open, sizes: [...sizes] });
  });

  it('goes on where it has stopped looking, behind thousands that are hidden', async () => {
    const own = await room.project();
    const reader = await room.person(own, 'viewer');
    const first = await store('first.txt', randomBytes(8), own);
    const hidden = Array.from({ length: 5_200 }, (_, n) => ({
      id: newId(),
      project_id: own,
      name: `whisper-${n}.txt`,
      kind: 'upload',
      digest: first.digest,
      size: first.size,
      media_type: 'text/plain',
    }));
    for (let from = 0; from < hidden.length; from += 1_000)
      await room.database.db
        .insertInto('artifact')
        .values(hidden.slice(from, from + 1_000))
        .execute();
    expect(await listAll(reader, 10, own)).toEqual({ ids: [first.id], sizes: [0, 1] });
  });
});

describe('guards', () => {
  const somebody: Actor = { ...systemActor, kind: 'account', id: newId(), name: 'Ada' };
  const kernel = () => ({}) as Kernel;
  const artifacts = ['a', 'b', 'c'].map(
    (name): Artifact => ({
      id: newId(),
      projectId: newId(),
      jobId: null,
      taskId: null,
      name,
      kind: 'upload',
      digest: 'a'.repeat(64),
      size: 1,
      mediaType: 'text/plain',
      meta: {},
      createdAt: new Date(0).toISOString(),
      retentionUntil: null,
      stored: true,
      holders: [],
    }),
  );
  const hiding =
    (name: string): ArtifactGuard =>
    async (_kernel, _actor, shown) =>
      new Set(shown.filter((one) => one.name === name).map(({ id }) => id));
  const namesFor = async (guards: ArtifactGuard[], actor: Actor) =>
    (await createVisibility(guards, kernel).visibleTo(actor, artifacts)).map(({ name }) => name);

  it('each take away, and the order stays', async () => {
    expect(await namesFor([], somebody)).toEqual(['a', 'b', 'c']);
    expect(await namesFor([hiding('b')], somebody)).toEqual(['a', 'c']);
    expect(await namesFor([hiding('b'), hiding('a')], somebody)).toEqual(['c']);
  });

  it('are not asked about the kernel’s own work', async () => {
    expect(await namesFor([hiding('b')], systemActor)).toEqual(['a', 'b', 'c']);
  });

  it('that fail show nothing', async () => {
    const failing: ArtifactGuard = async () => Promise.reject(new Error('away'));
    await expect(namesFor([failing], somebody)).rejects.toThrow('away');
  });
});
