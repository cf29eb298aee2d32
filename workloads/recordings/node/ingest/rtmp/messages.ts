import { type AmfValue, writeAmf } from './amf0.ts';
import { bodyOf, type RtmpMessage, roomBefore } from './chunk-reader.ts';
import { ProtocolError } from './protocol-error.ts';

/** Types of messages (RTMP 1.0, 5.4 and 7.1). */
export const messageTypes = {
  setChunkSize: 1,
  abort: 2,
  acknowledgement: 3,
  userControl: 4,
  windowSize: 5,
  peerBandwidth: 6,
  audio: 8,
  video: 9,
  dataAmf3: 15,
  commandAmf3: 17,
  dataAmf0: 18,
  commandAmf0: 20,
  aggregate: 22,
} as const;

/** What we send in one chunk: every answer of ours is smaller. */
const ownChunkSize = 4_096;

/** A message of ours as one or more chunks. */
export function writeMessage(chunkStream: number, type: number, streamId: number, body: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head[0] = chunkStream;
  head.writeUIntBE(body.length, 4, 3);
  head[7] = type;
  head.writeUInt32LE(streamId, 8);
  const parts: Buffer[] = [head];
  for (let at = 0; at < body.length; at += ownChunkSize) {
    if (at > 0) parts.push(Buffer.from([0xc0 | chunkStream]));
    parts.push(body.subarray(at, at + ownChunkSize));
  }
  return Buffer.concat(parts);
}

const uint32 = (...values: number[]) => {
  const out = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) out.writeUInt32BE(value >>> 0, index * 4);
  return out;
};

export const acknowledgement = (received: number): Buffer =>
  writeMessage(2, messageTypes.acknowledgement, 0, uint32(received));
/** User control 7 answers 6, with the same time. */
export const pong = (time: number): Buffer =>
  writeMessage(2, messageTypes.userControl, 0, Buffer.concat([Buffer.from([0, 7]), uint32(time)]));
/** User control 0: the message stream is there. */
const streamBegin = (id: number) =>
  writeMessage(2, messageTypes.userControl, 0, Buffer.concat([Buffer.from([0, 0]), uint32(id)]));

export const command = (streamId: number, ...values: readonly AmfValue[]): Buffer =>
  writeMessage(3, messageTypes.commandAmf0, streamId, writeAmf(...values));

const windowSize = 2_500_000;

/** What a client gets for `connect`. `fourCcList` says that we take whatever codec it announces (enhanced RTMP v1). */
export function connected(transaction: number): Buffer {
  return Buffer.concat([
    writeMessage(2, messageTypes.windowSize, 0, uint32(windowSize)),
    writeMessage(2, messageTypes.peerBandwidth, 0, Buffer.concat([uint32(windowSize), Buffer.from([2])])),
    writeMessage(2, messageTypes.setChunkSize, 0, uint32(ownChunkSize)),
    streamBegin(0),
    command(
      0,
      '_result',
      transaction,
      { fmsVer: 'FMS/3,5,7,7009', capabilities: 31 },
      {
        level: 'status',
        code: 'NetConnection.Connect.Success',
        description: 'Connected.',
        objectEncoding: 0,
      },
    ),
  ]);
}

export const status = (
  streamId: number,
  level: 'status' | 'error',
  code: string,
  description: string,
): Buffer => command(streamId, 'onStatus', 0, null, { level, code, description });

export const publishing = (streamId: number): Buffer =>
  Buffer.concat([streamBegin(streamId), status(streamId, 'status', 'NetStream.Publish.Start', 'Published.')]);

/** An FLV tag of a media message: the message's own memory, with header and size written around the body. */
export function tagOf(message: RtmpMessage): Buffer {
  return frameTag(message.framed, message.type, message.timestamp);
}

/** An FLV tag of any body. */
export function makeTag(type: number, timestamp: number, body: Buffer): Buffer {
  const framed = Buffer.allocUnsafe(roomBefore + body.length + 4);
  body.copy(framed, roomBefore);
  return frameTag(framed, type, timestamp);
}

function frameTag(framed: Buffer, type: number, timestamp: number): Buffer {
  const length = framed.length - roomBefore - 4;
  framed[0] = type;
  framed.writeUIntBE(length, 1, 3);
  framed.writeUIntBE(timestamp & 0xffffff, 4, 3);
  framed[7] = timestamp >>> 24;
  framed.writeUIntBE(0, 8, 3);
  framed.writeUInt32BE(roomBefore + length, framed.length - 4);
  return framed;
}

/**
 * Tags inside an aggregate message (7.1.6): whole FLV tags whose times are moved to the message's own.
 * @throws ProtocolError when it is cut
 */
export function tagsOfAggregate(message: RtmpMessage): Buffer[] {
  const bytes = bodyOf(message);
  const tags: Buffer[] = [];
  let base: number | undefined;
  for (let at = 0; at < bytes.length; ) {
    if (at + 11 > bytes.length) throw new ProtocolError('An aggregate message is cut.');
    const size = bytes.readUIntBE(at + 1, 3);
    const end = at + 11 + size;
    if (end > bytes.length) throw new ProtocolError('An aggregate message is cut.');
    const time = (bytes.readUIntBE(at + 4, 3) + (bytes[at + 7] ?? 0) * 2 ** 24) >>> 0;
    base ??= time;
    const type = bytes[at] ?? 0;
    if (type === 8 || type === 9 || type === 18)
      tags.push(makeTag(type, (message.timestamp + time - base) >>> 0, bytes.subarray(at + 11, end)));
    at = end + 4;
  }
  return tags;
}

const setDataFrame = writeAmf('@setDataFrame');

/** A script tag's body: metadata without the word that asks a server to keep it. Undefined: nothing for a file. */
export function scriptOf(body: Buffer): Buffer | undefined {
  const rest = body.subarray(0, setDataFrame.length).equals(setDataFrame)
    ? body.subarray(setDataFrame.length)
    : body;
  // A script tag begins with the name of its event.
  return rest[0] === 2 && rest.length > 3 ? rest : undefined;
}
