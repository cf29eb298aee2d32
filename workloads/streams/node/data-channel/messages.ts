import {
  type Field,
  type FromStreamer,
  fromStreamer,
  type MessageShape,
  type ToStreamer,
  toStreamer,
} from './protocol.ts';

export type FieldValue = number | string;

/** A message of a page, read. */
export interface PageMessage {
  readonly type: ToStreamer;
  readonly values: readonly FieldValue[];
  /** For touches: x, y and number of each of them, in parts of 65,536. */
  readonly touches?: readonly { readonly x: number; readonly y: number; readonly index: number }[];
}

/** A message of a streamer, read. Which of the two it holds is a matter of its type. */
export interface StreamerMessage {
  readonly type: FromStreamer;
  readonly text: string;
  readonly flag: boolean;
}

const sizes: Readonly<Record<Exclude<Field, 'string'>, number>> = {
  uint8: 1,
  uint16: 2,
  int16: 2,
  float: 4,
  double: 8,
};
const byId = new Map<number, ToStreamer>(
  Object.entries(toStreamer).map(([name, { id }]) => [id, name as ToStreamer]),
);
const namesFromStreamer = new Map<number, FromStreamer>(
  Object.entries(fromStreamer).map(([name, id]) => [id, name as FromStreamer]),
);

/**
 * Reads what a page sent. Undefined for an unknown id and for bytes that are too short: a page may send anything, and
 * nothing of it may end the streamer. Bytes beyond the message are ignored.
 */
export function readPageMessage(bytes: Uint8Array): PageMessage | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.byteLength === 0) return undefined;
  const type = byId.get(view.getUint8(0));
  if (type === undefined) return undefined;
  const shape: MessageShape = toStreamer[type];
  try {
    if (type.startsWith('Touch')) return { type, ...readTouches(view) };
    const values: FieldValue[] = [];
    let at = 1;
    for (const field of shape.structure) {
      const [value, size] = readField(view, at, field);
      values.push(value);
      at += size;
    }
    return { type, values };
  } catch {
    // DataView throws a RangeError behind the end.
    return undefined;
  }
}

function readTouches(view: DataView): Pick<PageMessage, 'values' | 'touches'> {
  const count = view.getUint8(1);
  const touches = Array.from({ length: count }, (_, i) => {
    const at = 2 + i * 7;
    return { x: view.getUint16(at, true), y: view.getUint16(at + 2, true), index: view.getUint8(at + 4) };
  });
  return { values: [count], touches };
}

function readField(view: DataView, at: number, field: Field): [FieldValue, number] {
  switch (field) {
    case 'uint8':
      return [view.getUint8(at), 1];
    case 'uint16':
      return [view.getUint16(at, true), 2];
    case 'int16':
      return [view.getInt16(at, true), 2];
    case 'float':
      return [view.getFloat32(at, true), 4];
    case 'double':
      return [view.getFloat64(at, true), 8];
    case 'string': {
      const length = view.getUint16(at, true) * 2;
      const from = view.byteOffset + at + 2;
      if (at + 2 + length > view.byteLength) throw new RangeError('The text is cut off.');
      return [Buffer.from(view.buffer as ArrayBuffer, from, length).toString('utf16le'), 2 + length];
    }
  }
}

/** Writes a message of a page, as Epic's page writes it. A text holds at most 65,535 characters. */
export function writePageMessage(type: ToStreamer, values: readonly FieldValue[] = []): Uint8Array {
  const { id, structure }: MessageShape = toStreamer[type];
  if (structure.length !== values.length) throw new TypeError(`${type} has ${structure.length} fields.`);
  const length = structure.reduce(
    (sum, field, i) => sum + (field === 'string' ? 2 + 2 * String(values[i]).length : sizes[field]),
    1,
  );
  const bytes = Buffer.alloc(length);
  bytes[0] = id;
  let at = 1;
  for (const [i, field] of structure.entries()) at = writeField(bytes, at, field, values[i] ?? 0);
  return bytes;
}

function writeField(bytes: Buffer, at: number, field: Field, value: FieldValue): number {
  switch (field) {
    case 'uint8':
      return bytes.writeUInt8(Number(value), at);
    case 'uint16':
      return bytes.writeUInt16LE(Number(value), at);
    case 'int16':
      return bytes.writeInt16LE(Number(value), at);
    case 'float':
      return bytes.writeFloatLE(Number(value), at);
    case 'double':
      return bytes.writeDoubleLE(Number(value), at);
    case 'string': {
      const text = String(value);
      bytes.writeUInt16LE(text.length, at);
      return at + 2 + bytes.write(text, at + 2, 'utf16le');
    }
  }
}

/** Writes a message of a streamer: its text fills the rest, a flag is one byte. */
export function writeStreamerMessage(type: FromStreamer, body: string | boolean = ''): Uint8Array {
  const rest = typeof body === 'string' ? Buffer.from(body, 'utf16le') : Buffer.from([Number(body)]);
  return Buffer.concat([Buffer.from([fromStreamer[type]]), rest]);
}

/** Reads what a streamer sent. Undefined for an id that we don't know: an engine has more of them than we need. */
export function readStreamerMessage(bytes: Uint8Array): StreamerMessage | undefined {
  const type = namesFromStreamer.get(bytes[0] ?? -1);
  if (type === undefined) return undefined;
  const rest = Buffer.from(bytes.buffer, bytes.byteOffset + 1, bytes.byteLength - 1);
  return { type, text: rest.toString('utf16le'), flag: rest[0] === 1 };
}
