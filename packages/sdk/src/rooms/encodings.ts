import type { types } from 'mediasoup-client';

type RtpEncodingParameters = types.RtpEncodingParameters;
type RtpCapabilities = types.RtpCapabilities;
type RtpCodecCapability = types.RtpCodecCapability;

/**
 * How a video is sent.
 *
 * simulcast  up to three encodings of halved sizes; every receiver gets the one that fits (VP8, H264)
 * svc        one encoding in layers (VP9, AV1): better quality per bit, more work for the sender
 * single     one encoding for all
 */
export type VideoLayers = 'simulcast' | 'svc' | 'single';

export interface VideoSendOptions {
  readonly layers?: VideoLayers;
  /** `vp8`, `h264`, `vp9`, `av1`; the first that both sides know when it is left out. */
  readonly codec?: 'vp8' | 'h264' | 'vp9' | 'av1';
  /** Of the largest layer, bits per second. */
  readonly maxBitrate?: number;
  readonly maxFramerate?: number;
  /** Scalability mode of SVC: L3T3_KEY when left out. */
  readonly scalabilityMode?: string;
}

/** A picture must be at least this wide for a layer of half its size to be worth anything. */
const layerWidths = [960, 480];

/** Bits per second that a picture of this many pixels needs at 30 frames per second (VP8, talking heads). */
export function bitrateOf(width: number, height: number): number {
  const pixels = Math.max(1, width * height);
  // Fitted to the usual table: 180p 150 k, 360p 500 k, 720p 1.7 M, 1080p 3 M.
  return Math.round(Math.min(6_000_000, 150_000 * (pixels / (320 * 180)) ** 0.84) / 10_000) * 10_000;
}

/**
 * Encodings for a camera of this size, smallest first, as simulcast wants them. The source decides how many: a layer
 * that would be smaller than a thumbnail is left out.
 */
export function cameraEncodings(
  size: { readonly width: number; readonly height: number },
  options: VideoSendOptions = {},
): RtpEncodingParameters[] {
  const { layers = 'simulcast' } = options;
  const maxBitrate = options.maxBitrate ?? bitrateOf(size.width, size.height);
  const framerate = options.maxFramerate === undefined ? {} : { maxFramerate: options.maxFramerate };
  if (layers === 'svc') {
    return [{ maxBitrate, scalabilityMode: options.scalabilityMode ?? 'L3T3_KEY', ...framerate }];
  }
  if (layers === 'single') return [{ maxBitrate, scalabilityMode: 'L1T3', ...framerate }];
  const count = 1 + layerWidths.filter((width) => size.width >= width).length;
  return Array.from({ length: count }, (_, index) => {
    const scale = 2 ** (count - 1 - index);
    const share = bitrateOf(size.width / scale, size.height / scale) / bitrateOf(size.width, size.height);
    return {
      rid: `r${index}`,
      scaleResolutionDownBy: scale,
      maxBitrate: Math.max(60_000, Math.round(maxBitrate * share)),
      scalabilityMode: 'L1T3',
      ...framerate,
    };
  });
}

/**
 * A screen is read, not watched: full size at a low frame rate, and one smaller copy with half of the frames for those
 * who see it as a tile.
 */
export function screenEncodings(options: VideoSendOptions = {}): RtpEncodingParameters[] {
  const { layers = 'simulcast', maxBitrate = 2_500_000, maxFramerate = 15 } = options;
  if (layers === 'svc')
    return [{ maxBitrate, maxFramerate, scalabilityMode: options.scalabilityMode ?? 'L1T3' }];
  const full = { scaleResolutionDownBy: 1, maxBitrate, maxFramerate, scalabilityMode: 'L1T3' };
  if (layers === 'single') return [full];
  const small = {
    rid: 'r0',
    scaleResolutionDownBy: 2,
    maxBitrate: Math.round(maxBitrate / 5),
    maxFramerate: Math.max(5, Math.round(maxFramerate / 2)),
    scalabilityMode: 'L1T3',
  };
  return [small, { ...full, rid: 'r1' }];
}

/** The codec to send with: the wished one, or one whose layers were asked for; undefined leaves it to the library. */
export function chooseCodec(
  capabilities: RtpCapabilities,
  options: VideoSendOptions = {},
): RtpCodecCapability | undefined {
  const find = (name: string) =>
    capabilities.codecs?.find((codec) => codec.mimeType.toLowerCase() === `video/${name}`);
  if (options.codec) return find(options.codec);
  if (options.layers === 'svc') return find('av1') ?? find('vp9');
  return find('vp8') ?? find('h264');
}
