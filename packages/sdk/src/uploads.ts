import { type Artifact, type ArtifactCheck, ArtifactCheckAnswer } from '@backlot/contract/api/artifacts';
import type { z } from 'zod';
import { ApiError, UnexpectedAnswerError, UnreachableError } from './errors.ts';
import { type DigestOptions, sha256OfBlob } from './sha256.ts';
import type { Transport } from './transport.ts';

/** Where addresses of unfinished uploads are kept, so that another process or page can go on with them. */
export interface UploadMemory {
  get(key: string): Promise<string | undefined>;
  set(key: string, address: string): Promise<void>;
  delete(key: string): Promise<void>;
}

export interface UploadOptions {
  readonly projectId: string;
  readonly name: string;
  readonly mediaType?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (state: UploadProgress) => void;
  readonly memory?: UploadMemory;
  /** Bytes in one request. Default 8 MiB: what a cut connection can cost at most. */
  readonly chunkSize?: number;
  /** How often in a row a piece may fail before the upload is given up. Default 8 (about a minute). */
  readonly maxFailures?: number;
  /** Another way to the digest, e.g. a worker or the native one of Node. */
  readonly digest?: (blob: Blob, options: DigestOptions) => Promise<string>;
}

export interface UploadProgress {
  readonly phase: 'reading' | 'sending';
  readonly done: number;
  readonly total: number;
}

export interface UploadResult {
  readonly artifact: Artifact;
  /** False when the project had these bytes already and none were sent. */
  readonly sent: boolean;
}

const path = '/api/v1/uploads';
const tus = { 'tus-resumable': '1.0.0' };

/**
 * Sends a file by tus 1.0 (https://tus.io/protocols/resumable-upload): digest first, so that bytes which the
 * project has already are not sent again; then piece by piece, asking for the offset after every break.
 * @throws ApiError such as `digest_mismatch` or `storage_full`, UnreachableError, or the signal's reason.
 */
export async function uploadFile(
  transport: Transport,
  file: Blob,
  options: UploadOptions,
): Promise<UploadResult> {
  const { signal, onProgress, projectId, name } = options;
  const sha256 = await (options.digest ?? sha256OfBlob)(file, {
    ...(signal === undefined ? {} : { signal }),
    onProgress: (done) => onProgress?.({ phase: 'reading', done, total: file.size }),
  });
  const known = await check(transport, { projectId, sha256, size: file.size, name }, signal);
  if (known) return { artifact: known, sent: false };

  const key = `${transport.baseUrl} ${projectId} ${sha256} ${file.size}`;
  const address = await begin(transport, file, sha256, key, options);
  await send(transport, file, address, options);
  await options.memory?.delete(key);
  const artifact = await check(transport, { projectId, sha256, size: file.size, name }, signal);
  if (!artifact)
    throw new UnexpectedAnswerError(address, 200, 'the upload is complete, but its file is not there');
  return { artifact, sent: true };
}

async function check(
  transport: Transport,
  json: z.input<typeof ArtifactCheck>,
  signal: AbortSignal | undefined,
): Promise<Artifact | undefined> {
  const answer = await transport.call('POST', '/api/v1/artifacts/check', ArtifactCheckAnswer, {
    json,
    ...(signal === undefined ? {} : { signal }),
  });
  return answer.artifact ?? undefined;
}

/** The address of an upload that an earlier run began and the server still knows, else of a new one. */
async function begin(
  transport: Transport,
  file: Blob,
  sha256: string,
  key: string,
  options: UploadOptions,
): Promise<string> {
  const remembered = await options.memory?.get(key);
  if (remembered !== undefined && (await offsetOf(transport, remembered, options.signal)) !== undefined) {
    return remembered;
  }
  const response = await transport.send('POST', path, {
    headers: {
      ...tus,
      'upload-length': String(file.size),
      'upload-metadata': encodeMetadata({
        filename: options.name,
        project: options.projectId,
        sha256,
        ...(options.mediaType === undefined || options.mediaType === ''
          ? {}
          : { filetype: options.mediaType }),
      }),
    },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  await response.body?.cancel();
  const location = response.headers.get('location');
  if (location === null) throw new UnexpectedAnswerError(response.url, response.status, 'it names no upload');
  // Only the path counts: behind a proxy the server may think it has another name.
  const address = new URL(location, 'http://any').pathname;
  await options.memory?.set(key, address);
  return address;
}

/** Sends from where the server stands, until it has everything. */
async function send(
  transport: Transport,
  file: Blob,
  address: string,
  options: UploadOptions,
): Promise<void> {
  const { signal, onProgress, chunkSize = 8 * 1024 * 1024, maxFailures = 8 } = options;
  let failures = 0;
  let offset = (await offsetOf(transport, address, signal)) ?? 0;
  for (;;) {
    onProgress?.({ phase: 'sending', done: offset, total: file.size });
    if (offset >= file.size) return;
    try {
      offset = await sendPiece(transport, address, offset, file.slice(offset, offset + chunkSize), signal);
      failures = 0;
    } catch (error) {
      signal?.throwIfAborted();
      failures += 1;
      if (failures > maxFailures || !isPassing(error)) throw error;
      await transport.clock.sleep(
        Math.min(250 * 2 ** failures, 15_000) * (0.5 + transport.random() / 2),
        signal,
      );
      offset = (await offsetOf(transport, address, signal).catch(() => undefined)) ?? offset;
    }
  }
}

async function sendPiece(
  transport: Transport,
  address: string,
  offset: number,
  piece: Blob,
  signal: AbortSignal | undefined,
): Promise<number> {
  const response = await transport.send('PATCH', address, {
    headers: { ...tus, 'upload-offset': String(offset), 'content-type': 'application/offset+octet-stream' },
    body: piece,
    // A slow line must be able to send one piece: 8 MiB at 1 Mbit/s take 67 s.
    timeoutMs: 180_000,
    ...(signal === undefined ? {} : { signal }),
  });
  await response.body?.cancel();
  const next = Number(response.headers.get('upload-offset') ?? Number.NaN);
  if (Number.isInteger(next) && next > offset) return next;
  throw new UnexpectedAnswerError(
    response.url,
    response.status,
    'it does not say how far the upload has come',
  );
}

/** How many bytes the server has, or undefined when it knows nothing of this upload (any more). */
async function offsetOf(
  transport: Transport,
  address: string,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  try {
    const response = await transport.send('HEAD', address, {
      headers: tus,
      ...(signal === undefined ? {} : { signal }),
    });
    const offset = Number(response.headers.get('upload-offset') ?? Number.NaN);
    return Number.isInteger(offset) ? offset : undefined;
  } catch (error) {
    if (error instanceof ApiError && (error.status === 404 || error.status === 410)) return undefined;
    throw error;
  }
}

/** A break of the line, a server that is busy, or an offset that both sides must agree on again. */
function isPassing(error: unknown): boolean {
  if (error instanceof UnreachableError) return true;
  return error instanceof ApiError && (error.problem.retryable || error.code === 'upload_offset_mismatch');
}

/** `key base64(value)` pairs with commas between them (tus 1.0, Upload-Metadata), values as UTF-8. */
function encodeMetadata(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key} ${btoa(String.fromCharCode(...new TextEncoder().encode(value)))}`)
    .join(',');
}
