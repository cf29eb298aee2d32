import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { newId } from '@backlot/contract/id';
import type { BeforePublish, BlobAdapter } from '@backlot/control/blobs/blob-adapter';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

export interface BlobStoreUnderTest {
  /** Opens the store; called again to play a restart: the same bytes, none of the memory. */
  open(beforePublish: BeforePublish): Promise<BlobAdapter>;
  /** How many objects or files exist in all, whatever they are; for tests that nothing is left behind. */
  count(): Promise<number>;
  close(): Promise<void>;
}

/** What every adapter of the blob store has to do. `partSize` is the adapter's own, so that several are needed. */
export function describeBlobStore(
  name: string,
  partSize: number,
  create: () => Promise<BlobStoreUnderTest>,
): void {
  describe(`the blob store in ${name}`, () => {
    let underTest: BlobStoreUnderTest;
    let store: BlobAdapter;
    let published: { digest: string; size: number }[];
    let veto: Error | undefined;

    const beforePublish: BeforePublish = async (blob) => {
      if (veto) throw veto;
      published.push(blob);
    };

    beforeAll(async () => {
      underTest = await create();
      store = await underTest.open(beforePublish);
    });
    afterAll(async () => {
      await store.close();
      await underTest.close();
    });
    beforeEach(() => {
      published = [];
      veto = undefined;
    });

    /** Closes the store and opens it again, as after a crash between two requests. */
    const restart = async () => {
      await store.close();
      store = await underTest.open(beforePublish);
    };
    const read = async (digest: string, range?: { start: number; end?: number }) =>
      Buffer.concat(await (await store.get(digest, range)).toArray());

    it.each([
      ['nothing', 0],
      ['one byte', 1],
      ['exactly a part', partSize],
      ['a part and a byte', partSize + 1],
      ['several parts', 3 * partSize + 12_345],
    ])('keeps %s and gives it back unchanged', async (_, size) => {
      const bytes = randomBytes(size);
      const digest = sha256(bytes);
      const facts = await store.put(stream(bytes), { digest, size });
      expect(facts).toEqual({ digest, size });
      expect(published).toEqual([{ digest, size }]);
      expect(await store.stat(digest)).toEqual({ size });
      expect(sha256(await read(digest))).toBe(digest);
    });

    it('finds the digest itself when none was announced', async () => {
      const bytes = randomBytes(partSize + 17);
      expect(await store.put(stream(bytes))).toEqual({ digest: sha256(bytes), size: bytes.byteLength });
    });

    it('keeps the same bytes once, however often and by how many at a time they come', async () => {
      const bytes = randomBytes(1_000);
      await store.put(stream(bytes));
      const before = await underTest.count();
      await Promise.all(Array.from({ length: 8 }, () => store.put(stream(bytes))));
      expect(await underTest.count()).toBe(before);
      expect((await read(sha256(bytes))).equals(bytes)).toBe(true);
    });

    it('gives any range, with both ends counted in', async () => {
      const bytes = randomBytes(partSize + 100);
      const { digest } = await store.put(stream(bytes));
      for (const [start, end] of [
        [0, 1],
        [10, 19],
        [partSize - 5, partSize + 5],
        [partSize, partSize + 99],
      ] as const) {
        expect((await read(digest, { start, end })).equals(bytes.subarray(start, end + 1))).toBe(true);
      }
      expect((await read(digest, { start: partSize + 90 })).equals(bytes.subarray(partSize + 90))).toBe(true);
    });

    it.each([10, 2 * partSize])(
      'refuses %i bytes that are not those announced, and leaves nothing',
      async (size) => {
        const before = await underTest.count();
        const bytes = randomBytes(size);
        const wrong = sha256(randomBytes(4));
        await expect(store.put(stream(bytes), { digest: wrong })).rejects.toMatchObject({
          code: 'digest_mismatch',
        });
        await expect(store.put(stream(bytes), { size: size + 1 })).rejects.toMatchObject({
          code: 'size_mismatch',
        });
        expect(published).toEqual([]);
        expect(await store.stat(wrong)).toBeUndefined();
        expect(await store.stat(sha256(bytes))).toBeUndefined();
        expect(await underTest.count()).toBe(before);
      },
    );

    it('leaves nothing behind when the source fails half way', async () => {
      const before = await underTest.count();
      const fault = new Error('the line was cut');
      await expect(store.put(failing(randomBytes(2 * partSize), fault))).rejects.toBe(fault);
      expect(await underTest.count()).toBe(before);
    });

    it('leaves nothing behind when the caller gives up', async () => {
      const before = await underTest.count();
      const caller = new AbortController();
      const endless = new Readable({
        read() {
          this.push(randomBytes(64 * 1024));
        },
      });
      const put = store.put(endless, undefined, caller.signal);
      setTimeout(() => caller.abort(new Error('enough')), 20);
      await expect(put).rejects.toThrow();
      expect(endless.destroyed).toBe(true);
      expect(await underTest.count()).toBe(before);
    });

    it('shows nothing that the control plane could not write down', async () => {
      const bytes = randomBytes(100);
      veto = new Error('the database is away');
      await expect(store.put(stream(bytes))).rejects.toBe(veto);
      expect(await store.stat(sha256(bytes))).toBeUndefined();
    });

    it('says so when there is no such blob, and never looks outside of its place', async () => {
      await expect(store.get(sha256(Buffer.from('never stored')))).rejects.toMatchObject({
        code: 'blob_missing',
      });
      for (const name of ['../../etc/passwd', '', 'A'.repeat(64), `${'0'.repeat(63)}/`]) {
        await expect(store.get(name)).rejects.toMatchObject({ code: 'blob_missing' });
      }
    });

    it('deletes, and deleting again is harmless', async () => {
      const { digest } = await store.put(stream(randomBytes(50)));
      await store.delete(digest);
      await store.delete(digest);
      expect(await store.stat(digest)).toBeUndefined();
      await expect(store.get(digest)).rejects.toMatchObject({ code: 'blob_missing' });
    });

    describe('uploads in pieces', () => {
      it('go on after a restart, whatever the size of the pieces', async () => {
        const bytes = randomBytes(2 * partSize + 777);
        const digest = sha256(bytes);
        for (const step of [partSize * 3, partSize, Math.floor(partSize / 3) + 1]) {
          await store.delete(digest);
          const id = newId();
          await store.pieces.begin(id);
          await store.pieces.begin(id);
          for (let at = 0; at < bytes.byteLength; ) {
            expect(await store.pieces.received(id)).toBe(at);
            const piece = bytes.subarray(at, at + step);
            at = await store.pieces.append(id, at, stream(piece), bytes.byteLength - at);
            await restart();
          }
          expect(await store.pieces.finish(id, { digest, size: bytes.byteLength })).toEqual({
            digest,
            size: bytes.byteLength,
          });
          expect(sha256(await read(digest))).toBe(digest);
          expect(await store.pieces.received(id)).toBeUndefined();
        }
      });

      it('keep what arrived before the line was cut', async () => {
        const bytes = randomBytes(partSize + 5_000);
        const id = newId();
        await store.pieces.begin(id);
        const cut = failing(bytes.subarray(0, partSize + 1_000), new Error('the line was cut'));
        await expect(store.pieces.append(id, 0, cut, bytes.byteLength)).rejects.toThrow('the line was cut');
        const kept = (await store.pieces.received(id)) ?? 0;
        expect(kept).toBe(partSize + 1_000);
        await store.pieces.append(id, kept, stream(bytes.subarray(kept)), bytes.byteLength - kept);
        await store.pieces.finish(id, { digest: sha256(bytes) });
        expect((await read(sha256(bytes))).equals(bytes)).toBe(true);
      });

      it('refuse a piece that starts elsewhere, and one that is too long', async () => {
        const id = newId();
        await store.pieces.begin(id);
        await store.pieces.append(id, 0, stream(Buffer.from('abc')), 10);
        await expect(store.pieces.append(id, 2, stream(Buffer.from('x')), 10)).rejects.toMatchObject({
          code: 'upload_offset_mismatch',
          params: { expected: 3, found: 2 },
        });
        await expect(store.pieces.append(id, 3, stream(randomBytes(20)), 10)).rejects.toMatchObject({
          code: 'upload_too_large',
        });
        expect(await store.pieces.received(id)).toBe(3);
        await store.pieces.abort(id);
      });

      it('are gone after a mismatch, and nothing of them can be read', async () => {
        const before = await underTest.count();
        const bytes = randomBytes(partSize + 5);
        const id = newId();
        await store.pieces.begin(id);
        await store.pieces.append(id, 0, stream(bytes), bytes.byteLength);
        await restart();
        await expect(store.pieces.finish(id, { digest: sha256(Buffer.from('else')) })).rejects.toMatchObject({
          code: 'digest_mismatch',
        });
        expect(await store.pieces.received(id)).toBeUndefined();
        await expect(store.pieces.finish(id)).rejects.toMatchObject({ code: 'upload_gone' });
        await expect(store.pieces.append(id, 0, stream(bytes), 10)).rejects.toMatchObject({
          code: 'upload_gone',
        });
        expect(await store.stat(sha256(bytes))).toBeUndefined();
        expect(await underTest.count()).toBe(before);
      });

      it('can be finished again when the control plane could not write it down the first time', async () => {
        const bytes = randomBytes(partSize + 9);
        const id = newId();
        await store.pieces.begin(id);
        await store.pieces.append(id, 0, stream(bytes), bytes.byteLength);
        veto = new Error('the database is away');
        await expect(store.pieces.finish(id)).rejects.toBe(veto);
        veto = undefined;
        await restart();
        expect(await store.pieces.finish(id, { digest: sha256(bytes) })).toEqual({
          digest: sha256(bytes),
          size: bytes.byteLength,
        });
      });

      it('may be empty', async () => {
        const id = newId();
        await store.pieces.begin(id);
        expect(await store.pieces.finish(id)).toEqual({ digest: sha256(Buffer.alloc(0)), size: 0 });
      });

      it('can be given up, are listed when they are old, and leave nothing', async () => {
        const before = await underTest.count();
        const id = newId();
        await store.pieces.begin(id);
        await store.pieces.append(id, 0, stream(randomBytes(partSize + 3)), partSize * 2);
        expect(await store.pieces.stale(new Date(Date.now() - 3_600_000))).not.toContain(id);
        expect(await store.pieces.stale(new Date(Date.now() + 3_600_000))).toContain(id);
        await store.pieces.abort(id);
        await store.pieces.abort(id);
        expect(await store.pieces.stale(new Date(Date.now() + 3_600_000))).not.toContain(id);
        expect(await underTest.count()).toBe(before);
      });
    });
  });
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** In chunks of uneven size, as they come from a socket. */
function stream(bytes: Buffer): Readable {
  return Readable.from(chunksOf(bytes), { objectMode: false });
}

function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0, size = 60_001; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

function failing(bytes: Buffer, fault: Error): Readable {
  return Readable.from(
    (function* () {
      yield* chunksOf(bytes);
      throw fault;
    })(),
    { objectMode: false },
  );
}
