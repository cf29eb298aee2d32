import { createDecipheriv } from 'node:crypto';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { type HttpAgents, httpGet } from '../http/request.ts';
import { SYNC, TS_PACKET } from '../ts/ts-packet.ts';
import type { ByteRange, HlsKey } from './playlist.ts';

export interface FetchOptions {
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly agents: HttpAgents;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly mostBytes: number;
  readonly range?: ByteRange | undefined;
}

/** A whole answer, unpacked, checked for its length. @throws when it is cut off, too long, or refused */
export async function fetchWhole(
  address: string,
  options: FetchOptions,
): Promise<{ bytes: Buffer; url: string; type: string }> {
  const { range } = options;
  const { response, url } = await httpGet(address, {
    headers: {
      'accept-encoding': 'gzip',
      ...options.headers,
      ...(range ? { range: `bytes=${range.offset}-${range.offset + range.length - 1}` } : {}),
    },
    signal: options.signal,
    timeoutMs: options.timeoutMs,
    agents: options.agents,
  });
  const parts: Buffer[] = [];
  let length = 0;
  const timer = setTimeout(
    () => response.destroy(new Error('The piece did not come in time.')),
    options.timeoutMs,
  );
  const onAbort = () => response.destroy(new Error('Nobody waits for it any more.'));
  options.signal.addEventListener('abort', onAbort, { once: true });
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      length += part.length;
      if (length > options.mostBytes) throw new Error('The piece is larger than any honest one.');
      parts.push(part);
    }
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener('abort', onAbort);
    if (!response.complete) response.destroy();
  }
  if (!response.complete) throw new Error('The piece was cut off.');
  const raw = Buffer.concat(parts);
  const bytes = unpack(raw, response.headers['content-encoding'], options.mostBytes);
  // A server that ignores the range sends all of it.
  const whole =
    range && response.statusCode === 200 ? bytes.subarray(range.offset, range.offset + range.length) : bytes;
  return { bytes: whole, url, type: response.headers['content-type'] ?? '' };
}

function unpack(bytes: Buffer, encoding: string | undefined, mostBytes: number): Buffer {
  const options = { maxOutputLength: mostBytes };
  if (encoding === 'gzip' || encoding === 'x-gzip') return gunzipSync(bytes, options);
  if (encoding === 'deflate') return inflateSync(bytes, options);
  return encoding === 'br' ? brotliDecompressSync(bytes, options) : bytes;
}

/** Whether bytes begin as a piece of MPEG-TS or of fragmented MP4 does (a box is four letters behind its length). */
export function beginsAsMedia(bytes: Buffer): boolean {
  if (bytes[0] === SYNC) return bytes.length <= TS_PACKET || bytes[TS_PACKET] === SYNC;
  return /^[a-z]{4}$/.test(bytes.toString('latin1', 4, 8));
}

/** AES-128 of RFC 8216, 4.3.2.4: CBC over the whole piece with PKCS7 padding. */
export function decrypt(bytes: Buffer, secret: Buffer, key: HlsKey, sequence: number): Buffer {
  const iv = Buffer.alloc(16);
  if (key.iv === undefined) iv.writeBigUInt64BE(BigInt(sequence), 8);
  else Buffer.from(key.iv, 'hex').copy(iv);
  const decipher = createDecipheriv('aes-128-cbc', secret, iv);
  return Buffer.concat([decipher.update(bytes), decipher.final()]);
}
