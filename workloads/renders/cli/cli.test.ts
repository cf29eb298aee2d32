import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DownloadBroken, downloadArtifact } from '@backlot/cli/command';
import type { Artifact } from '@backlot/contract/api/artifacts';
import { ApiClient } from '@backlot/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findMissing } from './find-missing.ts';
import { settingsOf } from './render-command.ts';

let folder: string;
let server: Server;
let client: ApiClient;
/** What the server answers for any artifact. */
let content = Buffer.from('the picture');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backlot-cli-'));
  server = createServer((_request, response) => response.end(content));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  client = new ApiClient({ baseUrl: `http://127.0.0.1:${port}`, token: 'x' });
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

describe('the options of backlot render', () => {
  it('become settings; what is left out stays with the defaults', () => {
    expect(settingsOf({ file: 'a.glb' })).toMatchObject({
      subject: { kind: 'still' },
      preset: 'draft',
      format: 'png',
    });
    expect(settingsOf({ file: 'a.glb', turntable: true }).subject).toEqual({
      kind: 'turntable',
      frames: 36,
      fps: 24,
    });
    expect(settingsOf({ file: 'a.glb', turntable: 12, fps: 30 }).subject).toMatchObject({
      frames: 12,
      fps: 30,
    });
    expect(settingsOf({ file: 'a.blend', frames: '1-60' }).subject).toEqual({
      kind: 'animation',
      frames: '1-60',
    });
    expect(settingsOf({ file: 'a.blend', frames: '7' }).subject).toEqual({ kind: 'still', frame: 7 });
    expect(
      settingsOf({ file: 'a.blend', resolution: '320x200', camera: 'Close up', gpu: true }),
    ).toMatchObject({
      width: 320,
      height: 200,
      camera: { mode: 'named', name: 'Close up' },
      device: 'gpu',
    });
  });
});

describe('files that the server asks for', () => {
  it('are looked for beside the model, without regard to case, and never anywhere else', async () => {
    const shelf = join(folder, 'shelf');
    await mkdir(join(shelf, 'Textures'), { recursive: true });
    await writeFile(join(folder, 'secret.txt'), 'not beside the model');
    for (const name of ['chair.obj', 'Chair.MTL', 'Textures/Wood.png', '.hidden.png'])
      await writeFile(join(shelf, name), 'x');
    await symlink(join(folder, 'secret.txt'), join(shelf, 'linked.txt'));
    const wanted = [
      'chair.mtl',
      'art/wood.PNG',
      '../secret.txt',
      'secret.txt',
      '/etc/passwd',
      'linked.txt',
      '.hidden.png',
    ];
    const { found, absent } = await findMissing(join(shelf, 'chair.obj'), wanted);
    expect(found).toEqual([
      { path: join(shelf, 'Chair.MTL'), name: 'chair.mtl' },
      { path: join(shelf, 'Textures/Wood.png'), name: 'art/wood.PNG' },
    ]);
    expect(absent).toEqual(['../secret.txt', 'secret.txt', '/etc/passwd', 'linked.txt', '.hidden.png']);
  });
});

describe('a download', () => {
  const artifact = (name: string, bytes: Buffer): Artifact => ({
    id: '01a1fbe8-e088-7736-954a-f61c6b86603f',
    projectId: '01a1fbe8-e088-7736-954a-f61c6b866040',
    jobId: null,
    taskId: null,
    name,
    kind: 'frame',
    digest: createHash('sha256').update(bytes).digest('hex'),
    size: bytes.length,
    mediaType: 'image/png',
    meta: {},
    createdAt: '2026-11-21T00:00:00.000Z',
    retentionUntil: null,
    stored: true,
    holders: [],
  });
  const signal = new AbortController().signal;

  it('is the file as it was committed, and is not made again when it is there', async () => {
    const target = join(folder, 'out');
    const path = await downloadArtifact(client, artifact('frame-000001.png', content), target, signal);
    expect((await readFile(path)).equals(content)).toBe(true);
    const before = content;
    content = Buffer.from('something else');
    expect(await downloadArtifact(client, artifact('frame-000001.png', before), target, signal)).toBe(path);
    expect((await readFile(path)).equals(before)).toBe(true);
    content = before;
  });

  it('leaves nothing behind when other bytes arrive', async () => {
    const target = join(folder, 'broken');
    const wrong = artifact('frame-000002.png', Buffer.from('what it should be'));
    await expect(downloadArtifact(client, wrong, target, signal)).rejects.toThrow(DownloadBroken);
    expect(await readdir(target)).toEqual([]);
  });

  it.each(['../evil.png', '/etc/cron.d/x', '.bashrc', 'a/../../b', 'a\\..\\b'])(
    'is never written to %s',
    async (name) => {
      await expect(
        downloadArtifact(client, artifact(name, content), join(folder, 'names'), signal),
      ).rejects.toThrow(DownloadBroken);
    },
  );
});
