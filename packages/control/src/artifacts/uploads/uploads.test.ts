import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { type Artifact, ArtifactCheckAnswer } from '@backlot/contract';
import { Upload } from 'tus-js-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestRoom, sha256, type TestRoom, uploadMetadata } from '../testing/room.ts';

let room: TestRoom;
let project: string;
let token: string;

beforeAll(async () => {
  room = await openTestRoom({ largestFile: 50_000_000 });
  project = await room.project();
  token = await room.person(project, 'submitter');
});
afterAll(() => room.close());

const headers = (more: Record<string, string> = {}) => ({
  authorization: `Bearer ${token}`,
  'tus-resumable': '1.0.0',
  ...more,
});

async function begin(size: number, metadata: Record<string, string> = {}): Promise<string> {
  const answer = await fetch(`${room.url}/api/v1/uploads`, {
    method: 'POST',
    headers: headers({
      'upload-length': String(size),
      'upload-metadata': uploadMetadata({ filename: 'model.glb', project, ...metadata }),
    }),
  });
  expect(answer.status).toBe(201);
  return answer.headers.get('location') ?? '';
}

const send = (location: string, offset: number, body: Uint8Array) =>
  fetch(room.url + location, {
    method: 'PATCH',
    headers: headers({ 'upload-offset': String(offset), 'content-type': 'application/offset+octet-stream' }),
    body,
  });

async function offsetOf(location: string): Promise<number> {
  const answer = await fetch(room.url + location, { method: 'HEAD', headers: headers() });
  expect(answer.status).toBe(200);
  return Number(answer.headers.get('upload-offset'));
}

async function check(bytes: Uint8Array, name: string, as = { project, token }): Promise<Artifact | null> {
  const answer = await fetch(`${room.url}/api/v1/artifacts/check`, {
    method: 'POST',
    headers: { authorization: `Bearer ${as.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ projectId: as.project, sha256: sha256(bytes), size: bytes.byteLength, name }),
  });
  expect(answer.status).toBe(200);
  return ArtifactCheckAnswer.parse(await answer.json()).artifact;
}

const auditOf = async (artifactId: string | undefined) =>
  room.database.db
    .selectFrom('audit')
    .select('action')
    .where('subject_id', '=', artifactId ?? '')
    .execute();

describe('an upload', () => {
  it('becomes an artifact with its last byte, with event and audit, and can be fetched', async () => {
    const bytes = randomBytes(300_000);
    const location = await begin(bytes.byteLength, { filename: '模型 1.glb', sha256: sha256(bytes) });
    expect((await send(location, 0, bytes.subarray(0, 100_000))).headers.get('upload-offset')).toBe('100000');
    expect(await check(bytes, '模型 1.glb')).toBeNull();
    const last = await send(location, 100_000, bytes.subarray(100_000));
    expect([last.status, last.headers.get('upload-offset')]).toEqual([204, '300000']);

    const artifact = await check(bytes, '模型 1.glb');
    expect(artifact).toMatchObject({
      name: '模型 1.glb',
      size: 300_000,
      kind: 'upload',
      mediaType: 'model/gltf-binary',
    });
    const content = await fetch(`${room.url}/api/v1/artifacts/${artifact?.id}/content`, {
      headers: headers(),
    });
    expect(sha256(Buffer.from(await content.arrayBuffer()))).toBe(sha256(bytes));
    expect(await auditOf(artifact?.id)).toEqual([{ action: 'artifact.upload' }]);
    const events = await room.database.db
      .selectFrom('event')
      .select('kind')
      .where('subject_id', '=', artifact?.id ?? '')
      .execute();
    expect(events).toEqual([{ kind: 'artifact.created' }]);
    expect(await offsetOf(location)).toBe(300_000);
  });

  it('goes on after the line was cut in the middle of a request', async () => {
    const bytes = randomBytes(400_000);
    const location = await begin(bytes.byteLength);
    await sendAndCut(location, bytes, 150_000);
    let kept = 0;
    for (let tries = 0; tries < 200 && kept === 0; tries += 1) {
      kept = await offsetOf(location);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThanOrEqual(150_000);
    kept = await offsetOf(location);
    expect((await send(location, kept, bytes.subarray(kept))).status).toBe(204);
    expect(await check(bytes, 'model.glb')).not.toBeNull();
  });

  it('goes on after a restart of the control plane, and its digest is still checked', async () => {
    const bytes = randomBytes(200_000);
    const location = await begin(bytes.byteLength, { sha256: sha256(bytes) });
    await send(location, 0, bytes.subarray(0, 60_000));
    await room.restart();
    expect(await offsetOf(location)).toBe(60_000);
    expect((await send(location, 60_000, bytes.subarray(60_000))).status).toBe(204);
    expect(await check(bytes, 'model.glb')).not.toBeNull();
  });

  it('is refused when the bytes are not those announced, and leaves nothing', async () => {
    const bytes = randomBytes(1_000);
    const other = randomBytes(1_000);
    const location = await begin(1_000, { sha256: sha256(other) });
    const answer = await send(location, 0, bytes);
    expect(answer.status).toBe(422);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(await answer.json()).toMatchObject({ code: 'digest_mismatch', retryable: true });
    const again = await fetch(room.url + location, { method: 'HEAD', headers: headers() });
    expect(again.status).toBe(404);
    expect(await check(bytes, 'model.glb')).toBeNull();
    expect(await check(other, 'model.glb')).toBeNull();
  });

  it('of the same bytes sends nothing the second time, also under another name', async () => {
    const bytes = randomBytes(5_000);
    const location = await begin(bytes.byteLength, { filename: 'first.glb' });
    await send(location, 0, bytes);
    const first = await check(bytes, 'first.glb');
    expect(await check(bytes, 'first.glb')).toEqual(first);
    const second = await check(bytes, 'second.glb');
    expect(second).toMatchObject({ name: 'second.glb', digest: first?.digest });
    expect(second?.id).not.toBe(first?.id);
  });

  it('of bytes that only another project has is not told of them, and keeps one copy of them', async () => {
    const bytes = randomBytes(9_000);
    const location = await begin(bytes.byteLength);
    await send(location, 0, bytes);
    const elsewhere = await room.project();
    const stranger = { project: elsewhere, token: await room.person(elsewhere, 'submitter') };
    expect(await check(bytes, 'model.glb', stranger)).toBeNull();

    const started = await fetch(`${room.url}/api/v1/uploads`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${stranger.token}`,
        'tus-resumable': '1.0.0',
        'upload-length': String(bytes.byteLength),
        'upload-metadata': uploadMetadata({ filename: 'x.glb', project: elsewhere, sha256: sha256(bytes) }),
      },
    });
    const theirs = started.headers.get('location') ?? '';
    const head = await fetch(room.url + theirs, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${stranger.token}`, 'tus-resumable': '1.0.0' },
    });
    expect(head.headers.get('upload-offset')).toBe('0');
    const sent = await fetch(room.url + theirs, {
      method: 'PATCH',
      headers: {
        authorization: `Bearer ${stranger.token}`,
        'tus-resumable': '1.0.0',
        'upload-offset': '0',
        'content-type': 'application/offset+octet-stream',
      },
      body: bytes,
    });
    expect(sent.status).toBe(204);
    expect(await check(bytes, 'x.glb', stranger)).not.toBeNull();
    const blobs = await room.database.db
      .selectFrom('blob')
      .select('digest')
      .where('digest', '=', sha256(bytes))
      .execute();
    expect(blobs).toHaveLength(1);
  });

  it('that a crash left between its last byte and its artifact is completed when asked for', async () => {
    const bytes = randomBytes(7_000);
    const location = await begin(bytes.byteLength, { filename: 'late.glb' });
    const id = location.split('/').at(-1) ?? '';
    // All bytes are there, as after a kill before the end of the last request …
    await room.blobs.pieces.append(id, 0, Readable.from([bytes], { objectMode: false }), bytes.byteLength);
    await room.restart();
    expect(await offsetOf(location)).toBe(7_000);
    expect(await check(bytes, 'late.glb')).not.toBeNull();

    // … and as after a kill between the blob and its artifact.
    const more = randomBytes(6_000);
    const second = await begin(more.byteLength, { filename: 'later.glb' });
    const secondId = second.split('/').at(-1) ?? '';
    await room.blobs.pieces.append(
      secondId,
      0,
      Readable.from([more], { objectMode: false }),
      more.byteLength,
    );
    await room.blobs.pieces.finish(secondId, undefined, async ({ digest }) => {
      await room.database.db.updateTable('upload').set({ digest }).where('id', '=', secondId).execute();
    });
    await room.restart();
    expect(await offsetOf(second)).toBe(6_000);
    expect(await check(more, 'later.glb')).not.toBeNull();
  });

  it('with claimed digest of foreign bytes gives nothing away when its own bytes are gone', async () => {
    const secret = randomBytes(4_000);
    const theirs = await begin(secret.byteLength);
    await send(theirs, 0, secret);
    const location = await begin(secret.byteLength, { filename: 'thief.glb', sha256: sha256(secret) });
    await room.blobs.pieces.abort(location.split('/').at(-1) ?? '');
    const answer = await fetch(room.url + location, { method: 'HEAD', headers: headers() });
    expect(answer.status).toBe(410);
  });

  it('may be empty', async () => {
    await begin(0, { filename: 'empty.txt' });
    expect(await check(new Uint8Array(), 'empty.txt')).toMatchObject({ size: 0, mediaType: 'text/plain' });
  });

  it('can be given up', async () => {
    const location = await begin(1_000);
    await send(location, 0, randomBytes(10));
    const answer = await fetch(room.url + location, { method: 'DELETE', headers: headers() });
    expect(answer.status).toBe(204);
    expect((await fetch(room.url + location, { method: 'HEAD', headers: headers() })).status).toBe(404);
  });

  it('says what is wrong with a request, as a problem document', async () => {
    const post = (more: Record<string, string>) =>
      fetch(`${room.url}/api/v1/uploads`, { method: 'POST', headers: headers(more) });
    const metadata = uploadMetadata({ filename: 'a', project });
    const cases: [Promise<Response>, number, string][] = [
      [
        post({
          'upload-length': '10',
          'upload-metadata': uploadMetadata({ filename: 'a', project, sha256: 'no' }),
        }),
        400,
        'upload_metadata_invalid',
      ],
      [post({ 'upload-length': '60000000', 'upload-metadata': metadata }), 413, 'upload_too_large'],
      [
        post({ 'upload-length': '10', 'upload-metadata': uploadMetadata({ filename: 'a', project: 'x' }) }),
        404,
        'not_found',
      ],
      [post({ 'upload-length': '10' }), 404, 'not_found'],
      [post({ 'upload-length': '-1', 'upload-metadata': metadata }), 400, 'upload_metadata_invalid'],
      [post({ 'upload-defer-length': '1', 'upload-metadata': metadata }), 400, 'upload_metadata_invalid'],
      [
        post({ 'upload-length': '10', 'upload-metadata': metadata, 'tus-resumable': '0.2.0' }),
        412,
        'tus_version_unknown',
      ],
      [send(await begin(100), 7, randomBytes(3)), 409, 'upload_offset_mismatch'],
      [send(await begin(5), 0, randomBytes(50)), 413, 'upload_too_large'],
      [send('/api/v1/uploads/019a0000-0000-7000-8000-000000000000', 0, randomBytes(3)), 404, 'not_found'],
    ];
    for (const [request, status, code] of cases) {
      const answer = await request;
      const problem: unknown = await answer.json();
      expect([answer.status, problem]).toEqual([status, expect.objectContaining({ code })]);
    }
  });

  it('needs the right to write in the project, and is invisible to others', async () => {
    const location = await begin(100);
    const elsewhere = await room.project();
    const stranger = await room.person(elsewhere, 'admin');
    const viewer = await room.person(project, 'viewer');
    const as = (who: string) => ({ authorization: `Bearer ${who}`, 'tus-resumable': '1.0.0' });
    expect((await fetch(room.url + location, { method: 'HEAD', headers: as(stranger) })).status).toBe(404);
    expect((await fetch(room.url + location, { method: 'HEAD', headers: as(viewer) })).status).toBe(403);
    expect((await fetch(room.url + location, { method: 'DELETE', headers: as(stranger) })).status).toBe(404);
    const create = await fetch(`${room.url}/api/v1/uploads`, {
      method: 'POST',
      headers: {
        ...as(viewer),
        'upload-length': '1',
        'upload-metadata': uploadMetadata({ filename: 'a', project }),
      },
    });
    expect(create.status).toBe(403);
    expect((await fetch(`${room.url}/api/v1/uploads`, { method: 'POST' })).status).toBe(401);
  });

  it('is refused when its project would hold more than it may, unfinished uploads counted in', async () => {
    const small = await room.project();
    await room.database.db
      .updateTable('project')
      .set({ quota: JSON.stringify({ storage: 1_000 }) })
      .where('id', '=', small)
      .execute();
    const who = await room.person(small, 'submitter');
    const start = (size: number) =>
      fetch(`${room.url}/api/v1/uploads`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${who}`,
          'tus-resumable': '1.0.0',
          'upload-length': String(size),
          'upload-metadata': uploadMetadata({ filename: 'a.glb', project: small }),
        },
      });
    expect((await start(600)).status).toBe(201);
    const second = await start(600);
    expect([second.status, await second.json()]).toEqual([
      409,
      expect.objectContaining({
        code: 'quota_storage',
        params: expect.objectContaining({ used: 600, limit: 1_000 }) as object,
      }),
    ]);
    expect((await start(400)).status).toBe(201);
  });

  it('works with the protocol’s own client, in pieces and creation with bytes', async () => {
    const bytes = randomBytes(250_000);
    await new Promise<void>((resolve, reject) => {
      new Upload(bytes, {
        endpoint: `${room.url}/api/v1/uploads`,
        chunkSize: 64_000,
        uploadDataDuringCreation: true,
        headers: { authorization: `Bearer ${token}` },
        metadata: { filename: 'client.blend', project },
        onSuccess: () => resolve(),
        onError: reject,
      }).start();
    });
    expect(await check(bytes, 'client.blend')).toMatchObject({ mediaType: 'application/x-blender' });
  });
});

describe('uploads on a disk that is nearly full', () => {
  it('are refused before anything is written, with a sentence and a time to come back', async () => {
    const full = await openTestRoom({ reserve: Number.MAX_SAFE_INTEGER });
    try {
      const id = await full.project();
      const answer = await fetch(`${full.url}/api/v1/uploads`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${await full.person(id, 'submitter')}`,
          'tus-resumable': '1.0.0',
          'upload-length': '100',
          'upload-metadata': uploadMetadata({ filename: 'a', project: id }),
        },
      });
      expect(answer.status).toBe(507);
      expect(answer.headers.get('retry-after')).toBe('60');
      expect(await answer.json()).toMatchObject({ code: 'storage_full' });
      expect(await full.database.db.selectFrom('upload').select('id').execute()).toEqual([]);
    } finally {
      await full.close();
    }
  });
});

/** Sends the head of a PATCH and some of its bytes, then cuts the connection. */
async function sendAndCut(location: string, bytes: Buffer, count: number): Promise<void> {
  const { hostname, port } = new URL(room.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  const head = [
    `PATCH ${location} HTTP/1.1`,
    `host: ${hostname}`,
    `authorization: Bearer ${token}`,
    'tus-resumable: 1.0.0',
    'upload-offset: 0',
    'content-type: application/offset+octet-stream',
    `content-length: ${bytes.byteLength}`,
    '\r\n',
  ].join('\r\n');
  socket.write(head);
  await new Promise<void>((resolve) => {
    socket.write(bytes.subarray(0, count), () => setTimeout(resolve, 50));
  });
  socket.destroy();
}
