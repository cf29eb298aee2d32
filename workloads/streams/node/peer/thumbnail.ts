import { PNG } from 'pngjs';
import type { VideoFrame } from '../webrtc/wrtc.ts';

/** Height that goes with a width, at least one line. */
export function fitted(frame: Pick<VideoFrame, 'width' | 'height'>, width: number) {
  const wide = Math.min(width, frame.width);
  return { width: wide, height: Math.max(1, Math.round((frame.height * wide) / frame.width)) };
}

/**
 * A decoded frame as a PNG of at most this width: each pixel is the mean of those that it stands for, in the colours of
 * BT.601 with full range, which WebRTC's decoders of VP8 and H.264 give unless told.
 */
export function toPng(frame: VideoFrame, width: number): { bytes: Buffer; width: number; height: number } {
  const size = fitted(frame, width);
  const png = new PNG(size);
  const planes = planesOf(frame);
  for (let y = 0; y < size.height; y += 1) {
    for (let x = 0; x < size.width; x += 1) {
      const box = (plane: Plane) =>
        plane.mean(x / size.width, y / size.height, 1 / size.width, 1 / size.height);
      const luma = box(planes.y);
      const u = box(planes.u) - 128;
      const v = box(planes.v) - 128;
      const at = (y * size.width + x) * 4;
      png.data[at] = clamp(luma + 1.402 * v);
      png.data[at + 1] = clamp(luma - 0.344 * u - 0.714 * v);
      png.data[at + 2] = clamp(luma + 1.772 * u);
      png.data[at + 3] = 255;
    }
  }
  return { bytes: PNG.sync.write(png), ...size };
}

interface Plane {
  /** Mean over a box; all in parts of the picture. */
  mean(left: number, top: number, width: number, height: number): number;
}

function planesOf({ width, height, data }: VideoFrame): { y: Plane; u: Plane; v: Plane } {
  const halfWidth = (width + 1) >> 1;
  const halfHeight = (height + 1) >> 1;
  const uAt = width * height;
  const vAt = uAt + halfWidth * halfHeight;
  return {
    y: plane(data, 0, width, height),
    u: plane(data, uAt, halfWidth, halfHeight),
    v: plane(data, vAt, halfWidth, halfHeight),
  };
}

function plane(data: Uint8Array, offset: number, width: number, height: number): Plane {
  return {
    mean(left, top, wide, high) {
      const x0 = Math.min(width - 1, Math.floor(left * width));
      const y0 = Math.min(height - 1, Math.floor(top * height));
      const x1 = Math.max(x0 + 1, Math.min(width, Math.floor((left + wide) * width)));
      const y1 = Math.max(y0 + 1, Math.min(height, Math.floor((top + high) * height)));
      let sum = 0;
      for (let y = y0; y < y1; y += 1)
        for (let x = x0; x < x1; x += 1) sum += data[offset + y * width + x] ?? 0;
      return sum / ((x1 - x0) * (y1 - y0));
    },
  };
}

const clamp = (value: number) => Math.max(0, Math.min(255, Math.round(value)));
