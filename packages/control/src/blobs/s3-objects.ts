import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { artifactErrors } from '@backlot/contract/errors/artifacts';
import { BacklotError } from '@backlot/contract/errors/catalogue';

/** Where the objects are. Any store that speaks S3 will do: AWS, MinIO, Ceph, Aliyun OSS, Tencent COS. */
export interface S3Location {
  /** `https://s3.example.com`; absent for AWS itself. */
  readonly endpoint?: string;
  readonly bucket: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

/** One part as the store has confirmed it. */
export interface ConfirmedPart {
  readonly number: number;
  readonly etag: string;
}

/** CopyObject moves at most 5 GiB in one request; beyond that an object is copied in parts. */
const LARGEST_COPY = 5 * 1024 ** 3;

/** The few operations on objects that blobs need, with our errors and time limits. */
export class S3Objects {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #largestCopy: number;

  constructor(location: S3Location, largestCopy: number = LARGEST_COPY) {
    this.#bucket = location.bucket;
    this.#largestCopy = largestCopy;
    this.#client = new S3Client({
      ...(location.endpoint === undefined ? {} : { endpoint: location.endpoint }),
      region: location.region,
      credentials: { accessKeyId: location.accessKey, secretAccessKey: location.secretKey },
      // Bucket names as host names need wildcard certificates, which few private stores have.
      forcePathStyle: location.endpoint !== undefined,
      // The newer trailing checksums are refused by many compatible stores; our own SHA-256 covers the bytes.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      maxAttempts: 4,
      requestHandler: { connectionTimeout: 5_000, requestTimeout: 120_000 },
    });
  }

  async put(key: string, body: Buffer, signal?: AbortSignal): Promise<void> {
    await this.#run(() =>
      this.#client.send(
        new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: body, ContentLength: body.byteLength }),
        abortable(signal),
      ),
    );
  }

  /** A stream of the object's bytes, or undefined when there is no such object. */
  async get(
    key: string,
    range?: { readonly start: number; readonly end?: number },
    signal?: AbortSignal,
  ): Promise<Readable | undefined> {
    const answer = await this.#orUndefined(() =>
      this.#client.send(
        new GetObjectCommand({
          Bucket: this.#bucket,
          Key: key,
          ...(range === undefined ? {} : { Range: `bytes=${range.start}-${range.end ?? ''}` }),
        }),
        abortable(signal),
      ),
    );
    if (!(answer?.Body instanceof Readable)) return undefined;
    const wanted = range?.end === undefined ? undefined : range.end - range.start + 1;
    if (
      range !== undefined &&
      (answer.ContentRange === undefined || (answer.ContentLength ?? 0) > (wanted ?? Infinity))
    ) {
      answer.Body.destroy();
      throw new BacklotError(artifactErrors.blob_store_unavailable, {
        cause: new Error(`The S3 store answered ${answer.ContentRange ?? 'the whole object'} to a range.`),
      });
    }
    return answer.Body;
  }

  async size(key: string): Promise<number | undefined> {
    const answer = await this.#orUndefined(() =>
      this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: key })),
    );
    return answer && (answer.ContentLength ?? 0);
  }

  /** Deleting what is not there succeeds, as S3 has it. */
  async delete(key: string): Promise<void> {
    await this.#orUndefined(() =>
      this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: key })),
    );
  }

  /** Keys that start with a prefix: the first thousand, and here there are never more than a few. */
  async list(prefix: string): Promise<string[]> {
    const answer = await this.#run(() =>
      this.#client.send(
        new ListObjectsV2Command({ Bucket: this.#bucket, ...(prefix === '' ? {} : { Prefix: prefix }) }),
      ),
    );
    return (answer.Contents ?? []).flatMap(({ Key }) => Key ?? []);
  }

  async beginMultipart(key: string): Promise<string> {
    const answer = await this.#run(() =>
      this.#client.send(new CreateMultipartUploadCommand({ Bucket: this.#bucket, Key: key })),
    );
    return required(answer.UploadId, 'an upload id');
  }

  async putPart(
    key: string,
    uploadId: string,
    number: number,
    body: Buffer,
    signal?: AbortSignal,
  ): Promise<string> {
    const answer = await this.#run(() =>
      this.#client.send(
        new UploadPartCommand({
          Bucket: this.#bucket,
          Key: key,
          UploadId: uploadId,
          PartNumber: number,
          Body: body,
          ContentLength: body.byteLength,
        }),
        abortable(signal),
      ),
    );
    return required(answer.ETag, 'an ETag');
  }

  /** Returns false when the store no longer knows the upload: it was completed before, or given up. */
  async completeMultipart(key: string, uploadId: string, parts: readonly ConfirmedPart[]): Promise<boolean> {
    const answer = await this.#orUndefined(() =>
      this.#client.send(
        new CompleteMultipartUploadCommand({
          Bucket: this.#bucket,
          Key: key,
          UploadId: uploadId,
          MultipartUpload: { Parts: parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag })) },
        }),
      ),
    );
    return answer !== undefined;
  }

  /**
   * Frees the parts of an upload. A store that has no such operation (405, 501) frees them by its own rules for
   * incomplete uploads; that is no reason to fail.
   */
  async abortMultipart(key: string, uploadId: string): Promise<void> {
    try {
      await this.#orUndefined(() =>
        this.#client.send(
          new AbortMultipartUploadCommand({ Bucket: this.#bucket, Key: key, UploadId: uploadId }),
        ),
      );
    } catch (error) {
      const cause = error instanceof BacklotError ? error.cause : undefined;
      const status = cause instanceof S3ServiceException ? cause.$metadata.httpStatusCode : undefined;
      if (status !== 405 && status !== 501) throw error;
    }
  }

  /** Copies inside the store; the bytes don't travel. */
  async copy(from: string, to: string, size: number): Promise<void> {
    const CopySource = `${this.#bucket}/${from}`;
    if (size <= this.#largestCopy) {
      await this.#run(() =>
        this.#client.send(new CopyObjectCommand({ Bucket: this.#bucket, Key: to, CopySource })),
      );
      return;
    }
    const uploadId = await this.beginMultipart(to);
    try {
      const parts: ConfirmedPart[] = [];
      for (const { number, start, end } of copyRanges(size, this.#largestCopy)) {
        const answer = await this.#run(() =>
          this.#client.send(
            new UploadPartCopyCommand({
              Bucket: this.#bucket,
              Key: to,
              UploadId: uploadId,
              PartNumber: number,
              CopySource,
              CopySourceRange: `bytes=${start}-${end}`,
            }),
          ),
        );
        parts.push({ number, etag: required(answer.CopyPartResult?.ETag, 'an ETag') });
      }
      await this.completeMultipart(to, uploadId, parts);
    } catch (error) {
      await this.abortMultipart(to, uploadId).catch(() => undefined);
      throw error;
    }
  }

  close(): void {
    this.#client.destroy();
  }

  async #run<T>(send: () => Promise<T>): Promise<T> {
    try {
      return await send();
    } catch (error) {
      throw toBlobStoreError(error);
    }
  }

  async #orUndefined<T>(send: () => Promise<T>): Promise<T | undefined> {
    try {
      return await send();
    } catch (error) {
      if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) return undefined;
      throw toBlobStoreError(error);
    }
  }
}

/** Ranges (both ends inclusive) that cover `size` bytes with pieces of at most `largest`. */
export function copyRanges(size: number, largest: number): { number: number; start: number; end: number }[] {
  const count = Math.ceil(size / largest);
  return Array.from({ length: count }, (_, index) => ({
    number: index + 1,
    start: index * largest,
    end: Math.min((index + 1) * largest, size) - 1,
  }));
}

/** What the store refuses or can't do now is `blob_store_unavailable`; an abort keeps its reason. */
function toBlobStoreError(error: unknown): unknown {
  if (error instanceof BacklotError) return error;
  if (error instanceof Error && (error.name === 'AbortError' || error.name === 'TypeError')) return error;
  return new BacklotError(artifactErrors.blob_store_unavailable, { cause: error, retryAfterS: 5 });
}

function abortable(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

function required(value: string | undefined, what: string): string {
  if (value === undefined) {
    throw new BacklotError(artifactErrors.blob_store_unavailable, {
      cause: new Error(`The S3 store answered without ${what}.`),
    });
  }
  return value;
}
