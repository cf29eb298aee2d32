import { artifactErrors, BacklotError } from '@backlot/contract';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { BlobStore } from '../../kernel.ts';
import { mayBeShown } from '../media-type.ts';
import { byteRange, ifRange, noneMatch } from './byte-range.ts';
import { contentDisposition } from './content-disposition.ts';

export interface BlobToSend {
  readonly digest: string;
  readonly size: number;
  readonly name: string;
  readonly mediaType: string;
  /** Save it under its name rather than show it. */
  readonly download: boolean;
}

/** Bytes of strangers: shown by themselves they may load, run and submit nothing, and have no origin. */
const strangersPolicy =
  "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'";

/**
 * Answers with the bytes of a blob: whole, a range, or "not modified". The stream is opened before anything is
 * answered, so that a missing blob is an error document and not a cut answer, and it ends when the client goes.
 *
 * @throws blob_missing, range_not_satisfiable
 */
export async function sendBlob(
  request: FastifyRequest,
  reply: FastifyReply,
  blobs: Pick<BlobStore, 'get'>,
  blob: BlobToSend,
): Promise<FastifyReply> {
  const etag = `"${blob.digest}"`;
  const shown = !blob.download && mayBeShown(blob.mediaType);
  reply
    .header('etag', etag)
    .header('accept-ranges', 'bytes')
    // The bytes under this address never change, but who may see them does: ask each time, send them once.
    .header('cache-control', 'private, no-cache')
    .header('content-security-policy', strangersPolicy)
    .header('content-disposition', contentDisposition(shown ? 'inline' : 'attachment', blob.name))
    .type(withCharset(blob.mediaType));
  if (!noneMatch(request.headers['if-none-match'], etag)) return reply.code(304).send();

  const wanted = ifRange(headerText(request.headers['if-range']), etag)
    ? byteRange(request.headers.range, blob.size)
    : byteRange(undefined, blob.size);
  if (wanted.kind === 'unsatisfiable') {
    reply.header('content-range', `bytes */${blob.size}`);
    throw new BacklotError(artifactErrors.range_not_satisfiable, { params: { size: blob.size } });
  }
  const part = wanted.kind === 'part' ? wanted : undefined;
  const length = part ? part.end - part.start + 1 : blob.size;
  reply.header('content-length', String(length));
  if (part) reply.code(206).header('content-range', `bytes ${part.start}-${part.end}/${blob.size}`);
  if (request.method === 'HEAD') return reply.send();

  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  const stream = await blobs.get(blob.digest, part, gone.signal);
  return reply.send(stream);
}

function withCharset(mediaType: string): string {
  return mediaType.startsWith('text/') ? `${mediaType}; charset=utf-8` : mediaType;
}

function headerText(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
