/** The few pieces of EBML (RFC 8794) that a Matroska file of one track is made of. */

/** A size that says it is not known yet: 8 bytes, so that the real one can be written over it. */
export const unknownSize = Buffer.from([0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);

export function element(id: number, ...content: readonly Buffer[]): Buffer {
  const size = content.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([idOf(id), sizeOf(size), ...content]);
}

export const unsigned = (id: number, value: number) => {
  let bytes = 1;
  while (bytes < 6 && value >= 2 ** (bytes * 8)) bytes += 1;
  const content = Buffer.alloc(bytes);
  content.writeUIntBE(value, 0, bytes);
  return element(id, content);
};
export const float = (id: number, value: number) => {
  const content = Buffer.alloc(8);
  content.writeDoubleBE(value);
  return element(id, content);
};
export const text = (id: number, value: string) => element(id, Buffer.from(value, 'utf8'));

/** Ids carry their own length in their first bits, so they are written as they are. */
export function idOf(id: number): Buffer {
  const bytes = id > 0xffffff ? 4 : id > 0xffff ? 3 : id > 0xff ? 2 : 1;
  const content = Buffer.alloc(bytes);
  content.writeUIntBE(id, 0, bytes);
  return content;
}

/** The shortest size that can be told from an unknown one. */
export function sizeOf(size: number): Buffer {
  let bytes = 1;
  while (bytes < 6 && size >= 2 ** (7 * bytes) - 1) bytes += 1;
  const content = Buffer.alloc(bytes);
  content.writeUIntBE(size, 0, bytes);
  content[0] = (content[0] ?? 0) | (1 << (8 - bytes));
  return content;
}

/** A size in the fixed 8 bytes of `unknownSize`. */
export function longSize(size: number): Buffer {
  const content = Buffer.alloc(8);
  content.writeBigUInt64BE(BigInt(size));
  content[0] = 0x01;
  return content;
}

export interface Header {
  readonly id: number;
  /** Bytes of the content; null: not known. */
  readonly size: number | null;
  /** Where the content begins. */
  readonly at: number;
}

/** Reads id and size of an element; nothing when they are cut off or make no sense. */
export function readHeader(bytes: Buffer, from: number): Header | undefined {
  const idLength = lengthOf(bytes[from]);
  if (idLength === undefined || idLength > 4 || from + idLength >= bytes.length) return undefined;
  const id = bytes.readUIntBE(from, idLength);
  const sizeAt = from + idLength;
  const first = bytes[sizeAt];
  const sizeLength = lengthOf(first);
  if (first === undefined || sizeLength === undefined || sizeAt + sizeLength > bytes.length) return undefined;
  let size = first & (0xff >> sizeLength);
  let isUnknown = size === 0xff >> sizeLength;
  for (let index = 1; index < sizeLength; index += 1) {
    const byte = bytes[sizeAt + index] ?? 0;
    size = size * 256 + byte;
    isUnknown &&= byte === 0xff;
  }
  return { id, size: isUnknown ? null : size, at: sizeAt + sizeLength };
}

/** How many bytes, by the place of the first bit that is set. */
function lengthOf(byte: number | undefined): number | undefined {
  if (byte === undefined || byte === 0) return undefined;
  return Math.clz32(byte) - 23;
}
