import { createHash, randomBytes } from 'node:crypto';
import { ApiClient, type UploadMemory, type UploadProgress } from '@backlot/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { firstProject } from '../system/jobs.ts';
import { type Studio, startStudio } from '../system/studio.ts';
import { cuttingProxy } from './cutting-proxy.ts';

/** Uploads by the SDK to the product as it runs, over lines that break. */
let studio: Studio;
let projectId: string;
beforeAll(async () => {
  studio = await startStudio({ flavour: 'tiny' });
  projectId = await firstProject(studio);
});
afterAll(async () => {
  const { leftovers } = await studio.close();
  expect(leftovers).toEqual([]);
});

const mebibyte = 1024 * 1024;

function file(size: number) {
  const bytes = randomBytes(size);
  return { bytes, blob: new Blob([bytes]), sha256: createHash('sha256').update(bytes).digest('hex') };
}

function rememberer(): UploadMemory & { readonly addresses: Map<string, string> } {
  const addresses = new Map<string, string>();
  return {
    addresses,
    get: async (key) => addresses.get(key),
    set: async (key, address) => void addresses.set(key, address),
    delete: async (key) => void addresses.delete(key),
  };
}

const client = (baseUrl = studio.url) => new ApiClient({ baseUrl, token: studio.token });

describe('an upload', { timeout: 120_000 }, () => {
  it('arrives byte for byte under its name, and the same bytes are not sent again', async () => {
    const { bytes, blob, sha256 } = file(3 * mebibyte + 17);
    const seen: UploadProgress[] = [];
    const options = { projectId, name: '椅子 "1".glb', chunkSize: mebibyte };
    const first = await client().artifacts.upload(blob, {
      ...options,
      onProgress: (state) => seen.push(state),
    });
    expect(first).toMatchObject({
      sent: true,
      artifact: { digest: sha256, size: blob.size, name: '椅子 "1".glb' },
    });
    expect(seen.filter(({ phase }) => phase === 'sending').map(({ done }) => done)).toEqual([
      0,
      mebibyte,
      2 * mebibyte,
      3 * mebibyte,
      blob.size,
    ]);
    const content = await client().artifacts.content(first.artifact.id, { from: 5 });
    expect(Buffer.from(await content.arrayBuffer()).equals(bytes.subarray(5))).toBe(true);

    const second = await client().artifacts.upload(blob, options);
    expect(second.sent).toBe(false);
    expect(second.artifact.digest).toBe(sha256);
  });

  it('of nothing is an upload too', async () => {
    const { artifact } = await client().artifacts.upload(new Blob([]), { projectId, name: 'empty.txt' });
    expect(artifact.size).toBe(0);
  });

  it('goes on where the server stands when the line is cut in the middle of a piece', async () => {
    const { blob, sha256 } = file(6 * mebibyte);
    const proxy = await cuttingProxy(new URL(studio.url), mebibyte, 3);
    try {
      const { artifact } = await client(proxy.url).artifacts.upload(blob, {
        projectId,
        name: 'cut.bin',
        chunkSize: 2 * mebibyte,
      });
      expect(artifact.digest).toBe(sha256);
      expect(proxy.cuts).toBe(3);
    } finally {
      await proxy.close();
    }
  });

  it('is gone on with by another process that remembers its address', async () => {
    const { blob, sha256 } = file(4 * mebibyte);
    const memory = rememberer();
    const stop = new AbortController();
    const options = { projectId, name: 'resumed.bin', chunkSize: mebibyte, memory };
    const interrupted = client().artifacts.upload(blob, {
      ...options,
      signal: stop.signal,
      onProgress: ({ phase, done }) => {
        if (phase === 'sending' && done >= 2 * mebibyte) stop.abort(new Error('the power is out'));
      },
    });
    await expect(interrupted).rejects.toThrow('the power is out');
    expect(memory.addresses.size).toBe(1);

    const starts: number[] = [];
    const { artifact } = await client().artifacts.upload(blob, {
      ...options,
      onProgress: ({ phase, done }) => phase === 'sending' && starts.push(done),
    });
    expect(starts[0]).toBeGreaterThanOrEqual(2 * mebibyte);
    expect(artifact.digest).toBe(sha256);
    expect(memory.addresses.size).toBe(0);
  });

  it('begins anew when the server has forgotten it', async () => {
    const { blob, sha256 } = file(mebibyte);
    const memory = rememberer();
    memory.get = async () => '/api/v1/uploads/01a1fbe8-a533-756f-aefd-0e210070b3e2';
    const { artifact } = await client().artifacts.upload(blob, { projectId, name: 'forgotten.bin', memory });
    expect(artifact.digest).toBe(sha256);
  });

  it('is refused when its bytes are not the ones that were announced', async () => {
    const { blob } = file(1000);
    const wrong = client().artifacts.upload(blob, {
      projectId,
      name: 'wrong.bin',
      digest: async () => '0'.repeat(64),
      maxFailures: 0,
    });
    await expect(wrong).rejects.toMatchObject({ code: 'digest_mismatch' });
  });
});
