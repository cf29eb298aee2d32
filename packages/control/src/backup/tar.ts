import type { Readable } from 'node:stream';

/**
 * The subset of tar that a backup needs: regular files with ASCII names, in the ustar form of POSIX.1-1988, and
 * sizes of 8 GiB and more in the base-256 form of GNU tar, which every tar of today reads. So a backup can be looked
 * into with `tar tzf`, and nothing of ours is needed to get at what is in it.
 */
export interface TarEntry {
  readonly name: string;
  readonly size: number;
}

const BLOCK = 512;
/** From here on a size does not fit the eleven octal digits of the field. */
const OCTAL_LIMIT = 8 ** 11;

/** The header block of an entry. */
export function tarHeader({ name, size }: TarEntry, modifiedAt: Date): Buffer {
  if (!/^[\x21-\x7e]{1,99}$/.test(name)) throw new RangeError(`"${name}" does not fit a tar header.`);
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0, 'latin1');
  header.write('0000600\0', 100, 'latin1');
  header.write('0000000\0', 108, 'latin1');
  header.write('0000000\0', 116, 'latin1');
  writeSize(header, size);
  header.write(
    `${Math.floor(modifiedAt.getTime() / 1_000)
      .toString(8)
      .padStart(11, '0')}\0`,
    136,
    'latin1',
  );
  header.write('0', 156, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  header.write(`${checksum(header).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

/** The zeros that fill an entry's last block. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

/** Two empty blocks: the end of an archive. */
export const tarEnd = Buffer.alloc(2 * BLOCK);

/**
 * What a header block says; undefined for an empty block.
 *
 * @throws RangeError when it is not a header that we write
 */
export function parseTarHeader(block: Buffer): TarEntry | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  const stated = Number.parseInt(block.toString('latin1', 148, 156), 8);
  if (stated !== checksum(block)) throw new RangeError('a header is damaged');
  const type = block.toString('latin1', 156, 157);
  if (type !== '0' && type !== '\0') throw new RangeError(`it holds something else than files (${type})`);
  const end = block.indexOf(0, 0);
  return { name: block.toString('latin1', 0, Math.min(end < 0 ? 100 : end, 100)), size: readSize(block) };
}

/** The sum of all bytes, with the checksum's own field read as spaces. */
function checksum(header: Buffer): number {
  let sum = 8 * 0x20;
  for (const [at, byte] of header.entries()) if (at < 148 || at >= 156) sum += byte;
  return sum;
}

function writeSize(header: Buffer, size: number): void {
  if (size < OCTAL_LIMIT) {
    header.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
    return;
  }
  header.writeUInt8(0x80, 124);
  header.writeBigUInt64BE(BigInt(size), 128);
}

function readSize(block: Buffer): number {
  const size =
    (block[124] ?? 0) & 0x80
      ? Number(block.readBigUInt64BE(128))
      : Number.parseInt(block.toString('latin1', 124, 136), 8);
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError('a header states no size');
  return size;
}

/** One entry while an archive is read: its bytes must be taken before the next can be asked for. */
export interface TarReading extends TarEntry {
  bytes(): AsyncGenerator<Buffer>;
}

/**
 * Reads the entries of an archive one after the other, holding no more than a chunk.
 *
 * @throws RangeError when the archive is damaged or ends too early
 */
export async function* readTar(source: Readable): AsyncGenerator<TarReading> {
  const chunks = source[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);

  /** Up to `limit` bytes, whatever comes first; empty at the end. */
  async function some(limit: number): Promise<Buffer> {
    while (rest.byteLength === 0) {
      const next: IteratorResult<unknown> = await chunks.next();
      if (next.done) return rest;
      rest = Buffer.isBuffer(next.value) ? next.value : Buffer.from(String(next.value));
    }
    const taken = rest.subarray(0, limit);
    rest = rest.subarray(taken.byteLength);
    return taken;
  }

  async function* exactly(size: number): AsyncGenerator<Buffer> {
    for (let left = size; left > 0; ) {
      const piece = await some(left);
      if (piece.byteLength === 0) throw new RangeError('it ends too early');
      left -= piece.byteLength;
      yield piece;
    }
  }

  async function whole(size: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of exactly(size)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  try {
    for (;;) {
      const entry = parseTarHeader(await whole(BLOCK));
      if (entry === undefined) return;
      let taken = 0;
      const reading: TarReading = {
        ...entry,
        async *bytes() {
          for await (const piece of exactly(entry.size - taken)) {
            taken += piece.byteLength;
            yield piece;
          }
        },
      };
      yield reading;
      for await (const _ of reading.bytes()); // what the reader did not want
      await whole(tarPadding(entry.size).byteLength);
    }
  } finally {
    await chunks.return?.();
  }
}
