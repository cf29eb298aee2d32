import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { Artifact, Page } from '@backlot/contract';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditLog } from '../access/audit-log.ts';
import { createEventLog } from '../events/event-log.ts';
import { createLocalFabric } from '../fabric/local-fabric.ts';
import { systemActor } from '../kernel.ts';
import { insertUploadArtifact } from './library.ts';
import { openTestRoom, sha256, type TestRoom } from './testing/room.ts';

const run = promisify(execFile);
const events = createEventLog(createLocalFabric({ log: pino({ level: 'silent' }) }));
let room: TestRoom;
let project: string;
let token: string;
let operator: string;

beforeAll(async () => {
  room = await openTestRoom();
  project = await room.project();
  token = await room.person(project, 'viewer');
  operator = await room.person(project, 'operator');
});
afterAll(() => room.close());

const get = (path: string, headers: Record<string, string> = {}, who = token) =>
  fetch(room.url + path, { headers: { authorization: `Bearer ${who}`, ...headers } });

async function store(
  bytes: Buffer,
  name: string,
  mediaType = 'image/png',
  into = project,
): Promise<Artifact> {
  const { digest, size } = await room.blobs.put(Readable.from([bytes], { objectMode: false }));
  return room.database.store.transaction((tx) =>
    insertUploadArtifact(tx, { events, audit: auditLog }, systemActor, {
      projectId: into,
      name,
      digest,
      size,
      mediaType,
    }),
  );
}

describe('downloading an artifact', () => {
  it('gives the bytes with their type and tag, shown without any power over the page', async () => {
    const bytes = randomBytes(10_000);
    const artifact = await store(bytes, 'frame 1.png');
    const answer = await get(`/api/v1/artifacts/${artifact.id}/content`);
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'image/png',
      'content-length': '10000',
      'accept-ranges': 'bytes',
      etag: `"${artifact.digest}"`,
      'content-disposition': 'inline; filename="frame 1.png"',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining('sandbox') as string,
      'cache-control': 'private, no-cache',
    });
    const saved = await get(`/api/v1/artifacts/${artifact.id}/content?download=1`);
    expect(saved.headers.get('content-disposition')).toMatch(/^attachment/);
    await saved.body?.cancel();
  });

  it('saves what could hold a script, and says nothing of its name that could be misread', async () => {
    for (const [name, type] of [
      ['page.html', 'text/html'],
      ['drawing.svg', 'image/svg+xml'],
      ['a"; filename="evil.exe', 'text/xml'],
      ['x\r\nset-cookie: a=b', 'application/x-whatever'],
      ['../../../etc/passwd', 'application/pdf'],
      ['фото‮gpj.exe', 'application/octet-stream'],
    ] as const) {
      const artifact = await store(Buffer.from('<script>alert(1)</script>'), name, type);
      const answer = await get(`/api/v1/artifacts/${artifact.id}/content`);
      const disposition = answer.headers.get('content-disposition') ?? '';
      expect(disposition).toMatch(
        /^attachment; filename="[^"\\/\r\n]+"(; filename\*=UTF-8''[A-Za-z0-9%._~!#$&+^`|-]+)?$/,
      );
      expect(decodeURIComponent(disposition)).not.toContain('‮');
      expect(answer.headers.get('set-cookie')).toBeNull();
      await answer.body?.cancel();
    }
  });

  it('gives ranges, and everything when the client’s part is of other bytes', async () => {
    const bytes = randomBytes(1_000);
    const { id, digest } = await store(bytes, 'film.mp4', 'video/mp4');
    const path = `/api/v1/artifacts/${id}/content`;
    const cases: [Record<string, string>, number, Buffer, string | null][] = [
      [{ range: 'bytes=0-99' }, 206, bytes.subarray(0, 100), 'bytes 0-99/1000'],
      [{ range: 'bytes=990-' }, 206, bytes.subarray(990), 'bytes 990-999/1000'],
      [{ range: 'bytes=-10' }, 206, bytes.subarray(990), 'bytes 990-999/1000'],
      [{ range: 'bytes=900-5000' }, 206, bytes.subarray(900), 'bytes 900-999/1000'],
      [{ range: 'bytes=0-99', 'if-range': `"${digest}"` }, 206, bytes.subarray(0, 100), 'bytes 0-99/1000'],
      [{ range: 'bytes=0-99', 'if-range': '"another"' }, 200, bytes, null],
      [{ range: 'bytes=0-1,5-6' }, 200, bytes, null],
      [{ range: 'pages=1-2' }, 200, bytes, null],
    ];
    for (const [headers, status, expected, range] of cases) {
      const answer = await get(path, headers);
      expect([answer.status, answer.headers.get('content-range')]).toEqual([status, range]);
      expect(Buffer.from(await answer.arrayBuffer()).equals(expected)).toBe(true);
    }
    const outside = await get(path, { range: 'bytes=1000-' });
    expect([outside.status, outside.headers.get('content-range')]).toEqual([416, 'bytes */1000']);
    expect(await outside.json()).toMatchObject({ code: 'range_not_satisfiable' });
    const known = await get(path, { 'if-none-match': `W/"x", "${digest}"` });
    expect([known.status, await known.text()]).toEqual([304, '']);
    const head = await fetch(room.url + path, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${token}` },
    });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '1000']);
  });

  it('is only for those who may see the project', async () => {
    const artifact = await store(randomBytes(10), 'a.png');
    const stranger = await room.person(await room.project(), 'admin');
    for (const path of ['', '/content']) {
      expect((await get(`/api/v1/artifacts/${artifact.id}${path}`, {}, stranger)).status).toBe(404);
    }
    const list = Page(Artifact).parse(await (await get('/api/v1/artifacts', {}, stranger)).json());
    expect(list.items).toEqual([]);
  });

  it('ends the reading of the blob when the client goes', async () => {
    const artifact = await store(randomBytes(30_000_000), 'big.blend', 'application/x-blender');
    const leave = new AbortController();
    const answer = await fetch(`${room.url}/api/v1/artifacts/${artifact.id}/content`, {
      headers: { authorization: `Bearer ${token}` },
      signal: leave.signal,
    });
    await answer.body?.getReader().read();
    leave.abort();
    const open = async () => {
      const handles = await readdir('/proc/self/fd');
      const files = await Promise.all(
        handles.map((handle) => readlink(`/proc/self/fd/${handle}`).catch(() => '')),
      );
      return files.some((file) => file.endsWith(artifact.digest));
    };
    for (let tries = 0; tries < 300 && (await open()); tries += 1)
      await new Promise((r) => setTimeout(r, 10));
    expect(await open()).toBe(false);
  });
});

describe('listing artifacts', () => {
  it('goes through pages, newest first, and can be narrowed', async () => {
    const own = await room.project();
    const reader = await room.person(own, 'viewer');
    const made: string[] = [];
    for (let n = 0; n < 5; n += 1)
      made.unshift((await store(randomBytes(5), `${n}.png`, 'image/png', own)).id);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const query = new URLSearchParams({ limit: '2', projectId: own, ...(cursor ? { cursor } : {}) });
      const answer = await get(`/api/v1/artifacts?${query}`, {}, reader);
      const body = Page(Artifact).parse(await answer.json());
      seen.push(...body.items.map(({ id }) => id));
      cursor = body.next;
    } while (cursor);
    expect(seen).toEqual(made);
    const none = await get('/api/v1/artifacts?kind=frame', {}, reader);
    expect(Page(Artifact).parse(await none.json()).items).toEqual([]);
    expect((await get('/api/v1/artifacts?cursor=!!', {}, reader)).status).toBe(400);
  });
});

describe('deleting an artifact', () => {
  it('takes it out of sight at once, with event and audit, for those who may', async () => {
    const artifact = await store(randomBytes(10), 'gone.png');
    const remove = (who: string) =>
      fetch(`${room.url}/api/v1/artifacts/${artifact.id}`, {
        method: 'DELETE',
        headers: { authorization: `Bearer ${who}` },
      });
    expect((await remove(token)).status).toBe(403);
    expect((await remove(operator)).status).toBe(204);
    expect((await remove(operator)).status).toBe(404);
    expect((await get(`/api/v1/artifacts/${artifact.id}/content`)).status).toBe(404);
    const { db } = room.database;
    const audit = await db
      .selectFrom('audit')
      .select('action')
      .where('subject_id', '=', artifact.id)
      .orderBy('seq')
      .execute();
    expect(audit.map(({ action }) => action)).toEqual(['artifact.upload', 'artifact.delete']);
    const kinds = await db
      .selectFrom('event')
      .select('kind')
      .where('subject_id', '=', artifact.id)
      .orderBy('seq')
      .execute();
    expect(kinds.map(({ kind }) => kind)).toEqual(['artifact.created', 'artifact.removed']);
  });
});

describe('a zip of artifacts', () => {
  it('holds every file with its bytes, and names that no tool trips over', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'backlot-zip-'));
    try {
      const files: [string, Buffer][] = [
        ['frames/0001.png', randomBytes(20_000)],
        ['notes.txt', Buffer.from('text '.repeat(5_000))],
        ['Notes.txt', Buffer.from('another case')],
        ['../../etc/passwd', Buffer.from('climber')],
        ['模型.glb', randomBytes(500)],
        ['empty', Buffer.alloc(0)],
      ];
      const made = [];
      for (const [name, bytes] of files)
        made.push(await store(bytes, name, name.endsWith('.png') ? 'image/png' : 'text/plain'));
      const answer = await get(
        `/api/v1/artifacts/zip?name=results&ids=${made.map(({ id }) => id).join(',')}`,
      );
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-disposition')).toBe('attachment; filename="results.zip"');
      const path = join(folder, 'all.zip');
      if (!answer.body) throw new Error('no body');
      await pipeline(Readable.fromWeb(answer.body), createWriteStream(path));
      // Python's reader checks every checksum and follows no path out of the folder.
      const script = `import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None
z.extractall(sys.argv[2]); print("\\n".join(sorted(z.namelist())))`;
      const { stdout } = await run('python3', ['-c', script, path, join(folder, 'out')], {
        env: { ...process.env, PYTHONIOENCODING: 'utf-8' },
      });
      const names = stdout.trim().split('\n');
      expect(names).toHaveLength(files.length);
      expect(names).toEqual(expect.arrayContaining(['frames/0001.png', 'etc/passwd', '模型.glb', 'empty']));
      expect(
        names
          .map((name) => name.toLowerCase())
          .filter((name) => name.startsWith('notes'))
          .sort(),
      ).toEqual(['notes (2).txt', 'notes.txt']);
      const frame = await readFile(join(folder, 'out', 'frames', '0001.png'));
      expect(sha256(frame)).toBe(sha256(files[0]?.[1] ?? Buffer.alloc(0)));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('is refused when there is nothing to put in, or too little said', async () => {
    const empty = await get('/api/v1/artifacts/zip?jobId=019a0000-0000-7000-8000-000000000000');
    expect(await empty.json()).toMatchObject({ code: 'nothing_to_zip', status: 404 });
    expect((await get('/api/v1/artifacts/zip')).status).toBe(400);
  });

  it('holds nothing of projects that one may not see', async () => {
    const other = await room.project();
    const secret = await store(randomBytes(10), 'secret.png', 'image/png', other);
    expect((await get(`/api/v1/artifacts/zip?ids=${secret.id}`)).status).toBe(404);
  });

  it('breaks off when a file can’t be read, so that nobody takes it for whole', async () => {
    const good = await store(randomBytes(100_000), 'a.png');
    const bad = await store(randomBytes(100), 'b.png');
    await room.blobs.delete(bad.digest);
    const answer = await get(`/api/v1/artifacts/zip?ids=${good.id},${bad.id}`);
    await expect(answer.arrayBuffer()).rejects.toThrow();
  });
});
