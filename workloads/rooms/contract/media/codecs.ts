import type { RouterCodec } from './rtp.ts';

/** What each codec that a room can offer is to the router; the demo's own parameters (reference, 1.1), and AV1. */
export const routerCodecs: Readonly<Record<'opus' | 'vp8' | 'vp9' | 'h264' | 'av1', readonly RouterCodec[]>> =
  {
    opus: [{ kind: 'audio', mimeType: 'audio/opus', clockRate: 48_000, channels: 2 }],
    vp8: [
      {
        kind: 'video',
        mimeType: 'video/VP8',
        clockRate: 90_000,
        parameters: { 'x-google-start-bitrate': 1_000 },
      },
    ],
    vp9: [
      {
        kind: 'video',
        mimeType: 'video/VP9',
        clockRate: 90_000,
        parameters: { 'profile-id': 2, 'x-google-start-bitrate': 1_000 },
      },
      {
        kind: 'video',
        mimeType: 'video/VP9',
        clockRate: 90_000,
        parameters: { 'profile-id': 0, 'x-google-start-bitrate': 1_000 },
      },
    ],
    h264: ['4d0032', '42e01f'].map((profile) => ({
      kind: 'video' as const,
      mimeType: 'video/H264',
      clockRate: 90_000,
      parameters: {
        'packetization-mode': 1,
        'profile-level-id': profile,
        'level-asymmetry-allowed': 1,
        'x-google-start-bitrate': 1_000,
      },
    })),
    av1: [
      {
        kind: 'video',
        mimeType: 'video/AV1',
        clockRate: 90_000,
        parameters: { 'x-google-start-bitrate': 1_000 },
      },
    ],
  };

/** A room's codecs for its router, in the room's order of preference. */
export function codecsOf(names: readonly (keyof typeof routerCodecs)[]): RouterCodec[] {
  return names.flatMap((name) => routerCodecs[name]);
}
