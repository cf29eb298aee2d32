import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { Readable } from 'node:stream';
import { S3Client } from '@aws-sdk/client-s3';
import type { S3Settings } from '../../../contract.ts';
import { checkHost, guardedLookup } from '../../net/guarded-lookup.ts';

export interface S3Keys {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly sessionToken?: string | undefined;
}

/** A connection on which nothing moves for so long is given up. Milliseconds. */
export const defaultIdleMs = 60_000;

/** Of answers that are no file: the longest is a list of a thousand uploads or parts. Bytes, milliseconds. */
const largestAnswer = 4 * 1024 * 1024;
const longestAnswerMs = 60_000;

/** A client with the SHA-256 of bodies that are streams. */
export type SigningClient = S3Client & { readonly payloadDigests: WeakMap<object, string> };

/** A client that tries each request once: what to do after a fault is ours to decide, part by part. */
export function createS3Client(settings: S3Settings, keys: S3Keys, idleMs: number): SigningClient {
  if (settings.endpoint !== undefined) checkHost(settings.endpoint);
  const agent = { keepAlive: true, maxSockets: 4, lookup: guardedLookup };
  const client = new S3Client({
    ...(settings.endpoint === undefined ? {} : { endpoint: settings.endpoint }),
    region: settings.region,
    credentials: {
      accessKeyId: keys.accessKey,
      secretAccessKey: keys.secretKey,
      ...(keys.sessionToken === undefined ? {} : { sessionToken: keys.sessionToken }),
    },
    forcePathStyle: settings.endpoint !== undefined && settings.pathStyle,
    // The newer trailing checksums are refused by many compatible stores; MD5 and the signature's SHA-256 go with
    // every part.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    expectContinueHeader: false,
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: 15_000,
      socketTimeout: idleMs,
      httpAgent: new HttpAgent(agent),
      httpsAgent: new HttpsAgent(agent),
    },
  });
  const payloadDigests = new WeakMap<object, string>();
  client.middlewareStack.add(
    (next) => async (args) => {
      const { headers, body } = args.request as { headers: Record<string, string>; body?: unknown };
      const digest = typeof body === 'object' && body !== null ? payloadDigests.get(body) : undefined;
      if (digest !== undefined) headers['x-amz-content-sha256'] = digest;
      return await next(args);
    },
    { step: 'build', name: 'knownPayloadDigest' },
  );
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const result = await next(args);
        const response = result.response as { statusCode?: number; body?: unknown };
        // The bytes of a file are the reader's; anything else the client reads whole before it understands it.
        const file = commandName === 'GetObjectCommand' && (response.statusCode ?? 0) < 300;
        if (!file && response.body instanceof Readable) response.body = limited(response.body);
        return result;
      },
    { step: 'deserialize', priority: 'low', name: 'limitedAnswer' },
  );
  return Object.assign(client, { payloadDigests });
}

/** An answer up to some size and time; one that goes on fails, as if it had been cut off. */
function limited(body: Readable): Readable {
  async function* pieces() {
    let read = 0;
    const limit = setTimeout(() => body.destroy(new Error('its answer does not end')), longestAnswerMs);
    try {
      for await (const piece of body as AsyncIterable<Buffer>) {
        read += piece.byteLength;
        if (read > largestAnswer) throw new Error('its answer does not end');
        yield piece;
      }
    } finally {
      clearTimeout(limit);
      body.destroy();
    }
  }
  return Readable.from(pieces(), { objectMode: false });
}
