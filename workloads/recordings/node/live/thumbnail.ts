import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { ThumbnailRequest } from '../../contract/watch.ts';
import type { Channel } from '../recorder/channel.ts';
import { PART_SUFFIX } from '../segments/segment-file.ts';

/** A keyframe and what follows are decoded of at most so many bytes. */
const MOST_BYTES = 4 * 1024 * 1024;
const LIMIT_MS = 10_000;
const MOST_JPEG = 100_000;
/** Pictures that are decoded at the same time in a shard. */
const AT_ONCE = 1;
let running = 0;

/** The newest keyframe as a small JPEG in base64; null while there is no picture, or the machine is busy with another. */
export async function thumbnailOf(
  channel: Channel,
  payload: unknown,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ jpeg: string | null; at: number | null }> {
  const { width } = ThumbnailRequest.parse(payload ?? {});
  const none = { jpeg: null, at: null };
  const take = channel.take;
  const growing = take?.writer?.growing;
  if (!take || !growing || growing.facts.keyframeAt < 0 || running >= AT_ONCE) return none;
  const { facts, path, written } = growing;
  const at = take.bytesAt;
  running += 1;
  try {
    const media = await readKeyframe(path, facts.headBytes, facts.keyframeAt, written);
    const jpeg = await decode(env.BACKLOT_FFMPEG ?? 'ffmpeg', media, width);
    return jpeg.length === 0 || jpeg.length > MOST_JPEG
      ? none
      : { jpeg: jpeg.toString('base64'), at: Math.round(at) };
  } catch {
    return none;
  } finally {
    running -= 1;
  }
}

async function readKeyframe(path: string, headBytes: number, from: number, until: number): Promise<Buffer> {
  const file = await open(`${path}${PART_SUFFIX}`, 'r');
  try {
    const bytes = Buffer.alloc(headBytes + Math.min(MOST_BYTES, Math.max(0, until - from)));
    await file.read(bytes, 0, headBytes, 0);
    const { bytesRead } = await file.read(bytes, headBytes, bytes.length - headBytes, from);
    return bytes.subarray(0, headBytes + bytesRead);
  } finally {
    await file.close();
  }
}

/** ffmpeg reads a pipe and writes a pipe: no file, no name, no shell. */
function decode(ffmpeg: string, media: Buffer, width: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      ffmpeg,
      [
        ...['-hide_banner', '-v', 'error', '-threads', '1', '-protocol_whitelist', 'pipe'],
        ...['-i', 'pipe:0', '-an', '-frames:v', '1', '-vf', `scale=${width}:-2`],
        ...['-q:v', '6', '-f', 'image2pipe', '-c:v', 'mjpeg', 'pipe:1'],
      ],
      { stdio: ['pipe', 'pipe', 'ignore'] },
    );
    const parts: Buffer[] = [];
    const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
    child.stdout.on('data', (part: Buffer) => parts.push(part));
    child.stdin.on('error', () => {});
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(parts));
    });
    child.stdin.end(media);
  });
}
