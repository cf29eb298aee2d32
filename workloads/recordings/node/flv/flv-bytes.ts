import { TAG_HEADER } from './tag-head.ts';

/** The first 13 bytes of a file: signature, version 1, audio and video, and the length of no tag. */
export const flvFileHeader: Buffer = Buffer.from([0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0]);

/** A whole tag with its length behind it. */
export function flvTag(type: number, timestamp: number, body: Buffer): Buffer {
  const tag = Buffer.alloc(TAG_HEADER + body.length + 4);
  tag[0] = type;
  tag.writeUIntBE(body.length, 1, 3);
  tag.writeUIntBE(timestamp & 0xffffff, 4, 3);
  tag[7] = (timestamp >>> 24) & 255;
  body.copy(tag, TAG_HEADER);
  tag.writeUInt32BE(TAG_HEADER + body.length, TAG_HEADER + body.length);
  return tag;
}

const NUMBER = 0;
const ECMA_ARRAY = 8;

/** The body of an `onMetaData` script tag with numbers only (AMF0): names are ours, so nothing needs an escape. */
export function metaDataBody(values: Readonly<Record<string, number>>): Buffer {
  const entries = Object.entries(values);
  const parts: Buffer[] = [
    Buffer.from([2]),
    amfName('onMetaData'),
    Buffer.from([ECMA_ARRAY, 0, 0, 0, entries.length]),
  ];
  for (const [name, value] of entries) {
    const number = Buffer.alloc(9);
    number[0] = NUMBER;
    number.writeDoubleBE(value, 1);
    parts.push(amfName(name), number);
  }
  parts.push(Buffer.from([0, 0, 9]));
  return Buffer.concat(parts);
}

function amfName(name: string): Buffer {
  const text = Buffer.from(name, 'latin1');
  return Buffer.concat([Buffer.from([text.length >> 8, text.length & 255]), text]);
}

/** Reads back a number that `metaDataBody` wrote; undefined where it is not there. */
export function metaDataNumber(body: Buffer, name: string): number | undefined {
  const at = body.indexOf(amfName(name), 0, 'latin1');
  if (at < 0) return undefined;
  const value = at + 2 + name.length;
  return body[value] === NUMBER && body.length >= value + 9 ? body.readDoubleBE(value + 1) : undefined;
}
