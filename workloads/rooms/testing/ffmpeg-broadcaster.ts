import { spawn } from 'node:child_process';
import { z } from 'zod';

/** How ffmpeg sends to a plain transport of mediasoup-demo: VP8 and opus with fixed SSRCs, RTP and RTCP apart. */
export interface FfmpegTarget {
  readonly video: { readonly ip: string; readonly port: number; readonly rtcpPort: number };
  readonly audio: { readonly ip: string; readonly port: number; readonly rtcpPort: number };
}

/** What a broadcaster is told of a plain transport: where to send. */
export const PlainAnswer = z.object({
  id: z.string(),
  ip: z.string(),
  port: z.number(),
  rtcpPort: z.number(),
});

export const ffmpegStreams = {
  audio: {
    kind: 'audio',
    rtpParameters: {
      codecs: [
        {
          mimeType: 'audio/opus',
          payloadType: 100,
          clockRate: 48_000,
          channels: 2,
          parameters: { 'sprop-stereo': 1 },
        },
      ],
      encodings: [{ ssrc: 11_111_111 }],
    },
  },
  video: {
    kind: 'video',
    rtpParameters: {
      codecs: [{ mimeType: 'video/vp8', payloadType: 101, clockRate: 90_000, parameters: {} }],
      encodings: [{ ssrc: 22_222_222 }],
    },
  },
} as const;

/** Real encoders on test pictures and a tone. `close` ends the process and waits for it. */
export function ffmpegPublishes({ video, audio }: FfmpegTarget): {
  readonly pid: number;
  close(): Promise<void>;
} {
  const child = spawn(
    'ffmpeg',
    [
      ...['-hide_banner', '-loglevel', 'error', '-re'],
      ...[
        '-f',
        'lavfi',
        '-i',
        'testsrc2=size=320x180:rate=15',
        '-f',
        'lavfi',
        '-i',
        'sine=frequency=440:sample_rate=48000',
      ],
      ...['-map', '0:v:0', '-pix_fmt', 'yuv420p', '-c:v', 'libvpx', '-b:v', '300k', '-deadline', 'realtime'],
      ...['-cpu-used', '8', '-g', '15'],
      ...['-map', '1:a:0', '-c:a', 'libopus', '-ab', '64k', '-ac', '2', '-ar', '48000'],
      '-f',
      'tee',
      [
        `[select=a:f=rtp:ssrc=11111111:payload_type=100]rtp://${audio.ip}:${audio.port}?rtcpport=${audio.rtcpPort}`,
        `[select=v:f=rtp:ssrc=22222222:payload_type=101]rtp://${video.ip}:${video.port}?rtcpport=${video.rtcpPort}`,
      ].join('|'),
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    pid: child.pid ?? 0,
    async close() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
