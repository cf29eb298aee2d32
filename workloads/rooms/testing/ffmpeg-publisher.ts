import { spawn } from 'node:child_process';
import type { TestRoom } from './media-house.ts';

/** A program that publishes real media over plain transports: a test picture and a tone, encoded by ffmpeg. */
export interface FfmpegPublisher {
  readonly producerIds: { readonly audio: string; readonly video: string };
  close(): Promise<void>;
}

const video = {
  vp8: {
    codec: { mimeType: 'video/VP8', payloadType: 101, clockRate: 90_000 },
    encoder: [
      '-c:v',
      'libvpx',
      '-deadline',
      'realtime',
      '-cpu-used',
      '8',
      '-b:v',
      '400k',
      '-auto-alt-ref',
      '0',
    ],
  },
  vp9: {
    codec: {
      mimeType: 'video/VP9',
      payloadType: 103,
      clockRate: 90_000,
      parameters: { 'profile-id': 0 },
    },
    encoder: [
      ...['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '400k'],
      ...['-pix_fmt', 'yuv420p', '-strict', 'experimental'],
    ],
  },
  h264: {
    codec: {
      mimeType: 'video/H264',
      payloadType: 102,
      clockRate: 90_000,
      parameters: { 'packetization-mode': 1, 'profile-level-id': '42e01f', 'level-asymmetry-allowed': 1 },
    },
    encoder: [
      ...['-c:v', 'libx264', '-profile:v', 'baseline', '-preset', 'ultrafast', '-tune', 'zerolatency'],
      ...['-pix_fmt', 'yuv420p', '-b:v', '400k', '-bsf:v', 'dump_extra'],
    ],
  },
} as const;

export async function publishByFfmpeg(
  room: TestRoom,
  owner: string,
  codec: keyof typeof video = 'vp8',
): Promise<FfmpegPublisher> {
  const { audio: audioPort, id: audio } = await open(room, owner, 'audio', {
    codecs: [{ mimeType: 'audio/opus', payloadType: 100, clockRate: 48_000, channels: 2 }],
    encodings: [{ ssrc: 11_111_111 }],
  });
  const { audio: videoPort, id: picture } = await open(room, owner, 'video', {
    codecs: [{ ...video[codec].codec, rtcpFeedback: [] }],
    encodings: [{ ssrc: 22_222_222 }],
  });
  const child = spawn(
    'ffmpeg',
    [
      // Ends by itself after a while, also when the test that started it was cut off.
      ...['-hide_banner', '-loglevel', 'error', '-nostdin', '-re'],
      ...[
        '-f',
        'lavfi',
        '-t',
        limitS,
        '-i',
        'testsrc2=size=320x180:rate=25',
        '-f',
        'lavfi',
        '-t',
        limitS,
        '-i',
        'sine=frequency=440',
      ],
      ...['-map', '1:a', '-c:a', 'libopus', '-ac', '2', '-ar', '48000', '-b:a', '48k'],
      ...['-ssrc', '11111111', '-payload_type', '100', '-f', 'rtp', target(audioPort)],
      // ffmpeg hears no request for a key frame: one each second by itself.
      ...['-map', '0:v', ...video[codec].encoder, '-g', '25'],
      ...[
        '-ssrc',
        '22222222',
        '-payload_type',
        String(video[codec].codec.payloadType),
        '-f',
        'rtp',
        target(videoPort),
      ],
    ],
    { stdio: 'ignore' },
  );
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    producerIds: { audio, video: picture },
    async close() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Seconds. */
const limitS = '120';

const target = ({ rtp, rtcp }: { rtp: number; rtcp: number }) =>
  `rtp://127.0.0.1:${rtp}?rtcpport=${rtcp}&pkt_size=1200`;

async function open(
  room: TestRoom,
  owner: string,
  kind: 'audio' | 'video',
  rtpParameters: Parameters<typeof room.call<'produce'>>[1]['rtpParameters'],
) {
  const transport = await room.call('createPlainTransport', { owner, direction: 'send' });
  const { producerId } = await room.call('produce', {
    transportId: transport.transportId,
    owner,
    kind,
    rtpParameters: { ...rtpParameters, rtcp: { cname: owner } },
    appData: { source: kind === 'audio' ? 'microphone' : 'camera' },
  });
  return {
    id: producerId,
    audio: { rtp: transport.tuple.localPort, rtcp: transport.rtcpTuple?.localPort ?? 0 },
  };
}
