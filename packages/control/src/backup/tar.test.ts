import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTarHeader, readTar, tarEnd, tarHeader, tarPadding } from './tar.ts';

const at = new Date('2026-11-21T00:00:00Z');

function write(entries: readonly { name: string; bytes: Buffer }[]): Buffer {
  const pieces = entries.flatMap(({ name, bytes }) => [
    tarHeader({ name, size: bytes.byteLength }, at),
    bytes,
    tarPadding(bytes.byteLength),
  ]);
  return Buffer.concat([...pieces, tarEnd]);
}

/** The archive in chunks of any sizes, as they come from a file or a socket. */
function cut(archive: Buffer, step: number): Readable {
  const chunks: Buffer[] = [];
  for (let start = 0; start < archive.byteLength; start += step)
    chunks.push(archive.subarray(start, start + step));
  return Readable.from(chunks, { objectMode: false });
}

describe('a tar', () => {
  it('gives every entry back, however it is cut and whatever is left unread', async () => {
    const entry = fc.record({
      name: fc.stringMatching(/^[a-z0-9/._-]{1,99}$/),
      bytes: fc.uint8Array({ maxLength: 1_500 }).map((bytes) => Buffer.from(bytes)),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, { maxLength: 6 }),
        fc.integer({ min: 1, max: 2_000 }),
        async (entries, step) => {
          const seen: { name: string; bytes: Buffer }[] = [];
          let index = 0;
          for await (const reading of readTar(cut(write(entries), step))) {
            if (index % 3 === 2)
              seen.push({ name: reading.name, bytes: entries[index]?.bytes ?? Buffer.alloc(0) });
            else {
              const pieces: Buffer[] = [];
              for await (const piece of reading.bytes()) pieces.push(piece);
              seen.push({ name: reading.name, bytes: Buffer.concat(pieces) });
            }
            index += 1;
          }
          expect(seen).toEqual(entries);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('holds sizes beyond 8 GiB', () => {
    for (const size of [0, 1, 8 ** 11 - 1, 8 ** 11, 5e12]) {
      expect(parseTarHeader(tarHeader({ name: 'blobs/a', size }, at))).toEqual({ name: 'blobs/a', size });
    }
  });

  it('that is cut or damaged is not read as whole', async () => {
    const archive = write([{ name: 'a', bytes: Buffer.alloc(700, 1) }]);
    const readAll = async (bytes: Buffer) => {
      for await (const reading of readTar(cut(bytes, 333))) for await (const _ of reading.bytes());
    };
    await expect(readAll(archive)).resolves.toBeUndefined();
    for (const length of [0, 100, 512, 900, 1_300, 1_536]) {
      await expect(readAll(archive.subarray(0, length))).rejects.toThrow(RangeError);
    }
    for (const position of [0, 124, 148, 156, 300]) {
      const damaged = Buffer.from(archive);
      damaged[position] = (damaged[position] ?? 0) ^ 0x55;
      await expect(readAll(damaged)).rejects.toThrow(RangeError);
    }
  });

  it('takes no name that could be read in two ways', () => {
    for (const name of ['', 'x'.repeat(100), 'ü', 'a b', 'a\nb']) {
      expect(() => tarHeader({ name, size: 1 }, at)).toThrow(RangeError);
    }
  });
});
