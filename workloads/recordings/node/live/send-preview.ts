import { open } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { hostControlVariable } from '@backlot/contract/host/protocol';
import { PreviewRequest } from '../../contract/watch.ts';
import type { Channel } from '../recorder/channel.ts';
import type { LiveWatcher } from '../recorder/live-tap.ts';
import type { SegmentStart } from '../recorder/media.ts';
import { PART_SUFFIX } from '../segments/segment-file.ts';
import type { SourceContainer } from '../source-port.ts';
import { PreviewFlv } from './preview-flv.ts';
import { PreviewTs } from './preview-ts.ts';

/** What makes one continuous stream for one watcher of segments that each begin anew. */
export interface PreviewStream {
  /** Bytes of a segment, beginning at its head or at a keyframe; `baseMs` of that segment. */
  feed(bytes: Buffer, begins: boolean, baseMs: number): Buffer[];
  /** Bytes were left out: go on at the next keyframe. */
  skip(): void;
}

/** Bytes that may wait for a slow watcher; beyond, the picture jumps to the next keyframe. */
const MOST_WAITING = 4 * 1024 * 1024;
/** A preview ends by itself after so long; whoever still looks asks again. Milliseconds. */
const LONGEST_MS = 3_600_000;

/**
 * Posts a channel's live media to an address: its head, the group of pictures in work, then everything as it comes. One
 * watcher each; a slow one misses pictures, the recording never waits for it. @throws when nothing is live
 */
export async function sendPreview(
  channel: Channel,
  payload: unknown,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ container: SourceContainer }> {
  const { url } = PreviewRequest.parse(payload);
  const address = new URL(url, env[hostControlVariable]);
  if (address.protocol !== 'http:' && address.protocol !== 'https:')
    throw new Error('A pipe is an HTTP address.');
  const take = channel.take;
  const growing = take?.writer?.growing;
  if (!take || !growing) throw new Error('The channel is not live, so there is nothing to see yet.');
  const container = take.container;
  if (container === 'fmp4')
    throw new Error('A live picture of fragmented MP4 can not be shown; its segments can.');
  const { facts, path } = growing;
  const stream: PreviewStream = container === 'flv' ? new PreviewFlv() : new PreviewTs();
  const request = (address.protocol === 'https:' ? https : http).request(address, {
    method: 'POST',
    headers: { 'content-type': container === 'flv' ? 'video/x-flv' : 'video/mp2t' },
  });
  let early: { bytes: Buffer; begins: SegmentStart | undefined }[] | undefined = [];
  let over = false;
  let baseMs = facts.baseMs;
  const finish = () => {
    if (over) return;
    over = true;
    remove();
    clearTimeout(timer);
    request.end();
  };
  const put = (bytes: Buffer, begins: SegmentStart | undefined) => {
    if (over) return;
    if (begins) baseMs = begins.facts.baseMs;
    if (request.writableLength > MOST_WAITING) {
      stream.skip();
      return;
    }
    for (const part of stream.feed(bytes, begins !== undefined, baseMs)) request.write(part);
  };
  const watcher: LiveWatcher = {
    bytes(bytes, begins) {
      if (early) early.push({ bytes: Buffer.from(bytes), begins });
      else put(bytes, begins);
    },
    pause: () => stream.skip(),
  };
  const remove = channel.tap.add(watcher);
  const timer = setTimeout(finish, LONGEST_MS);
  timer.unref();
  request.on('error', finish);
  request.on('close', finish);
  request.on('response', (response) => {
    response.resume();
    response.on('error', finish);
    response.on('end', finish);
  });
  // Everything up to here is in the file; what comes while it is read is kept in `early`.
  const until = facts.bytes;
  try {
    const bytes = await readParts(path, facts.headBytes, facts.keyframeAt, until);
    for (const part of bytes)
      for (const out of stream.feed(part, part === bytes[0], facts.baseMs)) request.write(out);
  } catch {
    // The segment was closed and moved away meanwhile: the picture begins with the next keyframe.
    stream.skip();
  }
  const waiting = early;
  early = undefined;
  for (const { bytes, begins } of waiting) put(bytes, begins);
  return { container };
}

/** The head of a growing segment, and what follows from its newest keyframe on. */
async function readParts(path: string, headBytes: number, from: number, until: number): Promise<Buffer[]> {
  const file = await open(`${path}${PART_SUFFIX}`, 'r').catch(() => open(path, 'r'));
  try {
    const head = Buffer.alloc(headBytes);
    await file.read(head, 0, headBytes, 0);
    const start = Math.max(headBytes, from < 0 ? until : from);
    const rest = Buffer.alloc(Math.max(0, until - start));
    const { bytesRead } = await file.read(rest, 0, rest.length, start);
    return [head, rest.subarray(0, bytesRead)];
  } finally {
    await file.close();
  }
}
