import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { z } from 'zod';
import { Recording, RecordingManifest, RecordingPage } from '../contract/recording.ts';
import { TrackClock } from '../contract/tasks.ts';
import {
  type FfmpegTarget,
  ffmpegPublishes,
  ffmpegStreams,
  PlainAnswer,
} from '../testing/ffmpeg-broadcaster.ts';
import { hasWorker, type RoomsProduct, startRoomsProduct } from '../testing/product.ts';

const patience = { timeout: 90_000, interval: 200 };

/** Recordings from request to file, on the real product with real encoders. */
describe.skipIf(!(await hasWorker()))('a recording', { timeout: 240_000 }, () => {
  let product: RoomsProduct;
  beforeAll(async () => {
    product = await startRoomsProduct();
  }, 180_000);
  afterAll(() => product?.close());

  const call = <S extends z.ZodType>(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    schema: S,
    json?: unknown,
  ) => product.api.transport.call(method, path, schema, json === undefined ? {} : { json });
  const look = (room: string, id: string) => call('GET', `/api/v1/rooms/${room}/recordings/${id}`, Recording);

  /** ffmpeg in a room, by the demo's API. */
  async function publisher(room: string) {
    const token = await product.token(room, 'ffmpeg');
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const post = async (path: string, body: object) => {
      const answer = await fetch(`${product.url}/rooms/${room}/broadcasters${path}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      expect(answer.status).toBe(200);
      return answer.json();
    };
    await post('', { id: 'ffmpeg', displayName: 'Camera 1', device: {} });
    const target: Record<string, FfmpegTarget['video']> = {};
    for (const kind of ['audio', 'video'] as const) {
      const transport = PlainAnswer.parse(await post('/ffmpeg/transports', { type: 'plain' }));
      await post(`/ffmpeg/transports/${transport.id}/producers`, ffmpegStreams[kind]);
      target[kind] = transport;
    }
    return ffmpegPublishes(target as unknown as FfmpegTarget);
  }

  async function bytesOf(artifactId: string): Promise<Buffer> {
    const answer = await fetch(`${product.url}/api/v1/artifacts/${artifactId}/content`, {
      headers: { authorization: `Bearer ${product.adminToken}` },
    });
    expect(answer.status).toBe(200);
    return Buffer.from(await answer.arrayBuffer());
  }

  it('is begun and ended by a person: each track a file that plays, and a manifest', async () => {
    const room = await product.openRoom('taken', { emptyTimeoutS: 0, departureTimeoutS: 0 });
    const early = await fetch(`${product.url}/api/v1/rooms/taken/recordings`, {
      method: 'POST',
      headers: { authorization: `Bearer ${product.adminToken}` },
    });
    // Nobody has been there: there is no media that could be recorded.
    expect(early.status).toBe(409);
    const ffmpeg = await publisher('taken');
    try {
      const begun = await call('POST', '/api/v1/rooms/taken/recordings', Recording, { name: 'Take one' });
      expect(begun).toMatchObject({ name: 'Take one', automatic: false, parts: [], manifest: null });
      await vi.waitFor(async () => expect((await look(room.id, begun.id)).state).toBe('recording'), patience);
      // Long enough to hold pictures: the recorder says so itself.
      await vi.waitFor(async () => {
        const { job } = { job: begun.jobId };
        const row = await product.control.kernel.db
          .selectFrom('task')
          .select('progress')
          .where('job_id', '=', job)
          .executeTakeFirst();
        const tracks =
          (row?.progress as { detail?: { tracks?: { durationMs: number }[] } } | null)?.detail?.tracks ?? [];
        expect(tracks.filter(({ durationMs }) => durationMs > 2_000)).toHaveLength(2);
      }, patience);
      const stopped = await call('POST', `/api/v1/rooms/taken/recordings/${begun.id}/stop`, Recording, {});
      expect(['stopping', 'done']).toContain(stopped.state);
      await vi.waitFor(async () => {
        const { state, failure } = await look(room.id, begun.id);
        expect([state, failure]).toEqual(['done', null]);
      }, patience);
      const done = await look(room.id, begun.id);
      expect(done.parts.map(({ kind }) => kind).sort()).toEqual(['audio', 'video']);
      const manifest = RecordingManifest.parse(JSON.parse(String(await bytesOf(done.manifest?.id ?? ''))));
      expect(manifest).toMatchObject({ recordingId: begun.id, room: { id: room.id, name: 'taken' } });
      expect(manifest.tracks.map(({ participant }) => participant)).toEqual(['ffmpeg', 'ffmpeg']);
      for (const part of done.parts) {
        const file = join(product.dataDir, `${part.kind}.webm`);
        await writeFile(file, await bytesOf(part.artifactId));
        // Decoded to its end by somebody else’s decoder.
        const decoded = spawnSync('ffmpeg', ['-v', 'error', '-i', file, '-f', 'null', '-'], {
          encoding: 'utf8',
        });
        expect([decoded.status, decoded.stderr]).toEqual([0, '']);
        expect(part.durationMs).toBeGreaterThan(1_500);
        const clock = TrackClock.parse(JSON.parse(String(await bytesOf(part.clockArtifactId ?? ''))));
        expect(clock.clockRate).toBe(part.kind === 'audio' ? 48_000 : 90_000);
      }
      const list = await call('GET', '/api/v1/rooms/taken/recordings', RecordingPage);
      expect(list.items.map(({ id }) => id)).toEqual([begun.id]);
      // Ending it again does no harm.
      expect(
        (await call('POST', `/api/v1/rooms/taken/recordings/${begun.id}/stop`, Recording, {})).state,
      ).toBe('done');
    } finally {
      await ffmpeg.close();
    }
  });

  it('begins by itself with the first track where the room says so, and ends with the room', async () => {
    const room = await product.openRoom('always', { record: true, emptyTimeoutS: 0, departureTimeoutS: 0 });
    const ffmpeg = await publisher('always');
    try {
      const all = async () => (await call('GET', `/api/v1/rooms/${room.id}/recordings`, RecordingPage)).items;
      await vi.waitFor(async () => expect((await all())[0]?.state).toBe('recording'), patience);
      const [only, ...others] = await all();
      expect(others).toEqual([]);
      expect(only?.automatic).toBe(true);
      await vi.waitFor(async () => {
        const row = await product.control.kernel.db
          .selectFrom('task')
          .select('progress')
          .where('job_id', '=', only?.jobId ?? '')
          .executeTakeFirst();
        const tracks =
          (row?.progress as { detail?: { tracks?: { durationMs: number }[] } } | null)?.detail?.tracks ?? [];
        expect(tracks.filter(({ durationMs }) => durationMs > 1_000)).toHaveLength(2);
      }, patience);
      await product.api.transport.run('DELETE', `/api/v1/rooms/${room.id}`);
      await vi.waitFor(async () => {
        const { state, failure } = await look(room.id, only?.id ?? '');
        expect([state, failure]).toEqual(['done', null]);
      }, patience);
      expect((await look(room.id, only?.id ?? '')).parts.length).toBeGreaterThanOrEqual(2);
    } finally {
      await ffmpeg.close();
    }
  });
});
