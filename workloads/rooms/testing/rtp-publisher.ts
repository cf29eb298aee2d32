import { createSocket } from 'node:dgram';
import type { Shard } from './shard.ts';

/**
 * A publisher over a plain transport: packets of the right rate and size with the headers of VP8 or Opus, a key frame each
 * second, made here so that nothing has to be encoded. Video is one packet per frame and can't be decoded; what is tested with
 * it is how packets are carried.
 */
export interface RtpPublisher {
  readonly producerId: string;
  readonly transportId: string;
  /** Packets sent so far. */
  readonly sent: number;
  close(): void;
}

export interface RtpPublisherOptions {
  readonly owner: string;
  readonly kind: 'audio' | 'video';
  readonly packetsPerSecond: number;
  readonly bytes?: number;
  readonly appData?: Record<string, unknown>;
  /** How loud the voice is, in dBov below full: 0 to 127. Left out: not said. */
  readonly level?: number;
  /** Layers of simulcast, each a stream of its own with the same packets. */
  readonly layers?: number;
}

const audioLevelUri = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level';
const audioLevelId = 1;
const ssrcs = { audio: 0x11223344, video: 0x55667788 };

export async function publishRtp(
  room: Pick<Shard, 'call'>,
  options: RtpPublisherOptions,
): Promise<RtpPublisher> {
  const { owner, kind, packetsPerSecond, bytes = kind === 'audio' ? 120 : 1_000 } = options;
  const { appData = {}, level, layers = 1 } = options;
  const transport = await room.call('createPlainTransport', { owner, direction: 'send', rtcpMux: true });
  const streams = Array.from({ length: layers }, (_, layer) => ssrcs[kind] + layer);
  const codec =
    kind === 'audio'
      ? {
          mimeType: 'audio/opus',
          payloadType: 111,
          clockRate: 48_000,
          channels: 2,
          parameters: {},
          rtcpFeedback: [],
        }
      : {
          mimeType: 'video/VP8',
          payloadType: 101,
          clockRate: 90_000,
          parameters: {},
          rtcpFeedback: [{ type: 'nack', parameter: 'pli' }],
        };
  const { producerId } = await room.call('produce', {
    transportId: transport.transportId,
    owner,
    kind,
    rtpParameters: {
      codecs: [codec],
      encodings: streams.map((ssrc) => ({ ssrc })),
      headerExtensions: level === undefined ? [] : [{ uri: audioLevelUri, id: audioLevelId }],
      rtcp: { cname: owner },
    },
    appData: appData as never,
  });
  const socket = createSocket('udp4');
  const { localPort } = transport.tuple;
  let sent = 0;
  let isAsked = false;
  // A request for a key frame is heard, as by any encoder (RFC 4585, 6.3.1: payload-specific feedback, format 1).
  socket.on('message', (datagram) => {
    for (let at = 0; at + 4 <= datagram.length; at += (datagram.readUInt16BE(at + 2) + 1) * 4)
      if (datagram[at + 1] === 206 && ((datagram[at] ?? 0) & 0x1f) === 1) isAsked = true;
  });
  const startedAt = performance.now();
  const send = () => {
    // By the clock, not by the timer: a timer that is late catches up.
    const due = Math.floor(((performance.now() - startedAt) / 1_000) * packetsPerSecond);
    for (; sent < due; sent += 1) {
      const clock = Math.round((sent / packetsPerSecond) * codec.clockRate);
      const isKey = isAsked || sent % packetsPerSecond === 0;
      isAsked = false;
      for (const ssrc of streams) {
        const payloadType = codec.payloadType;
        const datagram = packet({ kind, ssrc, payloadType, sequence: sent, clock, isKey, bytes, level });
        socket.send(datagram, localPort, '127.0.0.1');
      }
    }
  };
  const timer = setInterval(send, 10);
  return {
    producerId,
    transportId: transport.transportId,
    get sent() {
      return sent;
    },
    close() {
      clearInterval(timer);
      socket.close();
    },
  };
}

function packet(of: {
  kind: 'audio' | 'video';
  ssrc: number;
  payloadType: number;
  sequence: number;
  clock: number;
  isKey: boolean;
  bytes: number;
  level: number | undefined;
}): Buffer {
  const bytes = Buffer.alloc(of.bytes, of.sequence & 0xff);
  bytes[0] = 0x80;
  // One packet per frame: each is the last of its frame.
  bytes[1] = of.payloadType | (of.kind === 'video' ? 0x80 : 0);
  bytes.writeUInt16BE(of.sequence & 0xffff, 2);
  bytes.writeUInt32BE(of.clock >>> 0, 4);
  bytes.writeUInt32BE(of.ssrc, 8);
  if (of.level !== undefined) {
    // One extension of one byte (RFC 8285, 4.2): a voice, and how loud (RFC 6464).
    bytes[0] = 0x90;
    Buffer.from([0xbe, 0xde, 0x00, 0x01, audioLevelId << 4, 0x80 | of.level, 0, 0]).copy(bytes, 12);
  }
  if (of.kind === 'video') {
    // RFC 7741: start of partition 0; then the frame's own header, whose lowest bit is 0 for a key frame.
    bytes[12] = 0x10;
    bytes[13] = of.isKey ? 0x10 : 0x11;
    if (of.isKey) Buffer.from([0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01]).copy(bytes, 14);
  }
  return bytes;
}
