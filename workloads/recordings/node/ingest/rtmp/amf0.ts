import { ProtocolError } from './protocol-error.ts';

/** Values of AMF0 (Adobe's "Action Message Format AMF 0"), as commands and metadata use them. */
export type AmfValue = number | boolean | string | null | undefined | Date | AmfValue[] | AmfObject;
export interface AmfObject {
  readonly [name: string]: AmfValue;
}

/** Deeper or larger than any client's, and still nothing to the machine. */
const maxDepth = 16;
const maxValues = 4_096;

const markers = {
  number: 0,
  boolean: 1,
  string: 2,
  object: 3,
  null: 5,
  undefined: 6,
  ecmaArray: 8,
  objectEnd: 9,
  strictArray: 10,
  date: 11,
  longString: 12,
} as const;

/** All values of a message. @throws ProtocolError when it is cut, nested too deep or of a kind that nobody sends */
export function readAmf(bytes: Buffer): AmfValue[] {
  const reader = new AmfReader(bytes);
  const values: AmfValue[] = [];
  while (!reader.done) values.push(reader.value(0));
  return values;
}

class AmfReader {
  readonly #bytes: Buffer;
  #at = 0;
  #count = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  value(depth: number): AmfValue {
    this.#count += 1;
    if (depth > maxDepth || this.#count > maxValues)
      throw new ProtocolError('A message is nested too deep or too large.');
    const kind = this.#take(1)[0];
    switch (kind) {
      case markers.number:
        return this.#take(8).readDoubleBE(0);
      case markers.boolean:
        return this.#take(1)[0] !== 0;
      case markers.string:
        return this.#text(this.#take(2).readUInt16BE(0));
      case markers.longString:
        return this.#text(this.#take(4).readUInt32BE(0));
      case markers.null:
        return null;
      case markers.undefined:
        return undefined;
      case markers.ecmaArray:
        // The count is a hint that many clients get wrong; the end mark decides.
        this.#take(4);
        return this.#properties(depth);
      case markers.object:
        return this.#properties(depth);
      case markers.strictArray: {
        const length = this.#take(4).readUInt32BE(0);
        const values: AmfValue[] = [];
        // Each value counts against the limit, so a claimed length of four thousand million ends soon.
        for (let n = 0; n < length; n += 1) values.push(this.value(depth + 1));
        return values;
      }
      case markers.date: {
        const ms = this.#take(8).readDoubleBE(0);
        this.#take(2);
        return new Date(ms);
      }
      default:
        throw new ProtocolError(
          `A message has a value of kind ${kind}, which is not AMF0 as publishers use it.`,
        );
    }
  }

  #properties(depth: number): AmfObject {
    const entries: [string, AmfValue][] = [];
    for (;;) {
      const name = this.#text(this.#take(2).readUInt16BE(0));
      if (name === '' && this.#bytes[this.#at] === markers.objectEnd) {
        this.#at += 1;
        // From entries: a property called __proto__ is a property and nothing else.
        return Object.fromEntries(entries);
      }
      entries.push([name, this.value(depth + 1)]);
    }
  }

  #text(length: number): string {
    return this.#take(length).toString('utf8');
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new ProtocolError('A message ends in the middle of a value.');
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }
}

/** Values as bytes. Objects become AMF objects; dates and arrays are never sent by us. */
export function writeAmf(...values: readonly AmfValue[]): Buffer {
  return Buffer.concat(values.map(writeValue));
}

function writeValue(value: AmfValue): Buffer {
  if (value === null) return Buffer.from([markers.null]);
  if (value === undefined) return Buffer.from([markers.undefined]);
  if (typeof value === 'boolean') return Buffer.from([markers.boolean, value ? 1 : 0]);
  if (typeof value === 'number') {
    const out = Buffer.alloc(9);
    out.writeDoubleBE(value, 1);
    return out;
  }
  if (typeof value === 'string') return Buffer.concat([Buffer.from([markers.string]), shortText(value)]);
  if (value instanceof Date || Array.isArray(value)) throw new TypeError('Dates and arrays are not written.');
  const parts = Object.entries(value).flatMap(([name, item]) => [shortText(name), writeValue(item)]);
  return Buffer.concat([Buffer.from([markers.object]), ...parts, Buffer.from([0, 0, markers.objectEnd])]);
}

function shortText(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8').subarray(0, 0xffff);
  const out = Buffer.alloc(2 + bytes.length);
  out.writeUInt16BE(bytes.length, 0);
  bytes.copy(out, 2);
  return out;
}
