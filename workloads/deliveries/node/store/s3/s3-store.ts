import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { joinPath, type S3Settings } from '../../../contract.ts';
import { inTime, noAnswer } from '../../net/in-time.ts';
import { windowOf } from '../../net/least-rate.ts';
import { digestsOf, paced, type Range } from '../../net/source-slice.ts';
import type { Pace, RemoteFile, Source, Store } from '../store.ts';
import { StoreFault } from '../store-fault.ts';
import { adoptUpload, listParts } from './adopt-upload.ts';
import { type BookPlace, begunUploads, leftUploads, renewUploads } from './left-uploads.ts';
import { type LedgerKey, PartLedger } from './part-ledger.ts';
import { type PlannedPart, partSizeOf, planParts } from './plan-parts.ts';
import { createS3Client, defaultIdleMs, type S3Keys, type SigningClient } from './s3-client.ts';
import { isUnsupported, refusedPart, s3Fault } from './s3-fault.ts';
import { someAtOnce } from './some-at-once.ts';
import { bare, mostDoubts, suspectParts } from './suspect-parts.ts';

export interface S3StoreOptions {
  readonly settings: S3Settings;
  readonly keys: S3Keys;
  /** Where the books of unfinished uploads are kept. */
  readonly ledgers: string;
  readonly idleMs?: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Under this name we note the SHA-256 of what we send. */
const NOTE = 'sha256';
/** So often an ETag may be wrong for the same part before it counts as something that is no MD5 at all. */
const mostMismatches = 3;

/**
 * Any store that speaks S3. Files above the size of a part go up in parts, one at a time unless it hastens, each noted in
 * our own book.
 */
export class S3Store implements Store {
  readonly #client: SigningClient;
  readonly #settings: S3Settings;
  readonly #ledgers: string;
  readonly #now: () => number;
  /** For the answer to a request that sends no bytes of a file. Milliseconds. */
  readonly #answerMs: number;
  readonly #mismatches = new Map<number, number>();
  /** Whether the store understands "only if nothing stands there". */
  #conditional = true;
  /** Refusals of parts, in a row, that nothing has explained. */
  #doubts = 0;
  /** Lists of uploads that have failed. */
  #unlisted = 0;

  constructor({ settings, keys, ledgers, now, idleMs = defaultIdleMs }: S3StoreOptions) {
    this.#client = createS3Client(settings, keys, idleMs);
    this.#settings = settings;
    this.#ledgers = ledgers;
    this.#now = now;
    this.#answerMs = windowOf(idleMs);
  }

  async stat(path: string, signal: AbortSignal): Promise<RemoteFile | undefined> {
    try {
      const answer = await this.#run(signal, (timed) =>
        this.#client.send(new HeadObjectCommand(this.#at(path)), { abortSignal: timed }),
      );
      const { ContentLength: size = 0, ETag = null, Metadata } = answer;
      return { size, etag: tagOf(ETag), noted: Metadata?.[NOTE] ?? null };
    } catch (error) {
      if (error instanceof StoreFault && error.kind === 'missing') return undefined;
      throw error;
    }
  }

  async put(path: string, source: Source, pace: Pace): Promise<RemoteFile> {
    const partSize = partSizeOf(source.size, this.#settings.partSize);
    const etag =
      source.size <= partSize
        ? await this.#putWhole(path, source, pace)
        : await this.#putParts(path, source, partSize, pace);
    return { size: source.size, etag, noted: source.sha256 };
  }

  async read(path: string, from: number, signal: AbortSignal): Promise<Readable> {
    const answer = await this.#run(signal, (timed) =>
      this.#client.send(
        new GetObjectCommand({ ...this.#at(path), ...(from === 0 ? {} : { Range: `bytes=${from}-` }) }),
        { abortSignal: timed },
      ),
    );
    if (!(answer.Body instanceof Readable)) throw new StoreFault('away', 'it answered without a body');
    if (from > 0 && !answer.ContentRange?.startsWith(`bytes ${from}-`)) {
      answer.Body.destroy();
      throw new StoreFault('away', 'it answered another range than the one asked for');
    }
    return answer.Body;
  }

  async remove(path: string, signal: AbortSignal): Promise<void> {
    await this.#run(signal, (timed) =>
      this.#client.send(new DeleteObjectCommand(this.#at(path)), { abortSignal: timed }),
    );
  }

  /** Ends what was begun under any of the names that `deliver` may have come to. */
  async abandon(path: string, source: Source, signal: AbortSignal): Promise<void> {
    await this.#end(await begunUploads(this.#books, path, source, this.#now()), signal);
  }

  async renew(source: Source): Promise<void> {
    await renewUploads(this.#books, source, this.#now());
  }

  async sweep(signal: AbortSignal, done?: { readonly path: string; readonly source: Source }): Promise<void> {
    const now = this.#now();
    const own = done ? await begunUploads(this.#books, done.path, done.source, now) : [];
    await this.#end([...own, ...(await leftUploads(this.#books, now))], signal);
  }

  close(): void {
    this.#client.destroy();
  }

  async #putWhole(path: string, source: Source, pace: Pace): Promise<string | null> {
    const range = { start: 0, end: source.size };
    const { md5, sha256 } = await digestsOf(source.path, range, pace.signal);
    const command = (body: Readable) =>
      new PutObjectCommand({
        ...this.#at(path),
        ...this.#unlessTaken(),
        ...this.#described(source),
        Body: body,
        ContentLength: source.size,
        ContentMD5: base64(md5),
      });
    const answer = await this.#conditionally(pace.signal, () =>
      this.#sendSigned(command, sha256, source, range, pace),
    );
    this.#checkTag(1, answer.ETag, md5, answer.ServerSideEncryption);
    pace.reached(source.size);
    return tagOf(answer.ETag);
  }

  async #putParts(path: string, source: Source, partSize: number, pace: Pace): Promise<string | null> {
    const ledger = await this.#openLedger(path, source, partSize, pace.signal);
    try {
      pace.reached(ledger.reached);
      const left = planParts(source.size, partSize).filter(({ number }) => !ledger.has(number));
      await someAtOnce(
        left,
        () => pace.partsAtOnce?.() ?? 1,
        async (part) => {
          await this.#putPart(ledger, part, source, pace);
          pace.reached(ledger.reached);
        },
      );
      return await this.#complete(path, ledger, pace.signal);
    } catch (error) {
      // The store has forgotten it: the next call begins anew.
      if (error instanceof StoreFault && error.kind === 'gone') await ledger.remove();
      else await ledger.close();
      throw error;
    }
  }

  /** @throws the first fault, after all were tried */
  async #end(uploads: readonly LedgerKey[], signal: AbortSignal): Promise<void> {
    const faults: unknown[] = [];
    for (const key of uploads) {
      const ledger = await PartLedger.find(this.#ledgers, key);
      if (!ledger) continue;
      try {
        await this.#abort(ledger, signal);
      } catch (error) {
        faults.push(error);
      }
    }
    if (faults.length > 0) throw faults[0];
  }

  async #openLedger(
    path: string,
    source: Source,
    partSize: number,
    signal: AbortSignal,
  ): Promise<PartLedger> {
    const key = this.#ledgerKey(path, source);
    const found = await PartLedger.find(this.#ledgers, key);
    if (found?.head.partSize === partSize) return found;
    // Another size of parts is another upload: numbers would mean other bytes.
    if (found) await this.#abort(found, signal);
    const { Bucket, Key } = this.#at(path);
    const head = {
      v: 1 as const,
      bucket: Bucket,
      key: Key,
      size: source.size,
      sha256: source.sha256,
      partSize,
    };
    // Begun by another node, or noted in a book that was lost.
    const adopted = await this.#adopt({ Bucket, Key, source, partSize, signal });
    if (adopted) {
      const ledger = await PartLedger.begin(this.#ledgers, key, { ...head, uploadId: adopted.uploadId });
      for (const part of adopted.parts) await ledger.record(part);
      return ledger;
    }
    const answer = await this.#run(signal, (timed) =>
      this.#client.send(new CreateMultipartUploadCommand({ Bucket, Key, ...this.#described(source) }), {
        abortSignal: timed,
      }),
    );
    if (answer.UploadId === undefined) throw new StoreFault('away', 'it answered without an upload id');
    return await PartLedger.begin(this.#ledgers, key, { ...head, uploadId: answer.UploadId });
  }

  /** @throws StoreFault when the store can't say what was begun; not for ever: some never can, and take files all the same */
  async #adopt(wanted: Parameters<typeof adoptUpload>[1]): ReturnType<typeof adoptUpload> {
    try {
      return await adoptUpload(this.#client, wanted);
    } catch (error) {
      wanted.signal.throwIfAborted();
      this.#unlisted += 1;
      if (this.#unlisted < mostDoubts) throw error;
      return undefined;
    }
  }

  async #putPart(ledger: PartLedger, part: PlannedPart, source: Source, pace: Pace): Promise<void> {
    const { bucket: Bucket, key: Key, uploadId: UploadId } = ledger.head;
    const { md5, sha256 } = await digestsOf(source.path, part, pace.signal);
    const size = part.end - part.start;
    const command = (body: Readable) =>
      new UploadPartCommand({
        Bucket,
        Key,
        UploadId,
        PartNumber: part.number,
        Body: body,
        ContentLength: size,
        ContentMD5: base64(md5),
      });
    const answer = await this.#sendSigned(command, sha256, source, part, pace);
    this.#checkTag(part.number, answer.ETag, md5, answer.ServerSideEncryption);
    await ledger.record({ number: part.number, size, etag: answer.ETag ?? '' });
  }

  async #complete(path: string, ledger: PartLedger, signal: AbortSignal): Promise<string | null> {
    const { uploadId: UploadId } = ledger.head;
    const Parts = ledger.parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag }));
    try {
      const answer = await this.#conditionally(signal, () =>
        this.#run(signal, (timed) =>
          this.#client.send(
            new CompleteMultipartUploadCommand({
              ...this.#at(path),
              ...this.#unlessTaken(),
              UploadId,
              MultipartUpload: { Parts },
            }),
            { abortSignal: timed },
          ),
        ),
      );
      await ledger.remove();
      return tagOf(answer.ETag);
    } catch (error) {
      if (error instanceof StoreFault && error.kind === 'taken') await this.#abort(ledger, signal);
      const refused = refusedPart(error);
      if (refused) await this.#reconcile(ledger, refused.number, signal);
      throw error;
    }
  }

  /**
   * The store refuses our parts: what it does not have as we noted is struck, and sent again by the next try.
   * @throws StoreFault when it could not say: it is asked again, after a pause
   */
  async #reconcile(ledger: PartLedger, named: number | undefined, signal: AbortSignal): Promise<void> {
    const { bucket: Bucket, key: Key, uploadId: UploadId } = ledger.head;
    const listed = await this.#run(signal, (timed) =>
      listParts(this.#client, { Bucket, Key, UploadId }, timed),
    ).catch((error: unknown) => {
      if (error instanceof StoreFault && error.kind !== 'gone') return error;
      throw error;
    });
    const { parts: noted } = ledger;
    const { numbers, settled } = suspectParts({ noted, listed, named, doubts: this.#doubts });
    for (const number of numbers) await ledger.strike(number);
    this.#doubts = settled ? 0 : this.#doubts + 1;
    if (numbers.length === 0 && listed instanceof StoreFault) throw listed;
  }

  async #abort(ledger: PartLedger, signal: AbortSignal): Promise<void> {
    const { bucket: Bucket, key: Key, uploadId: UploadId } = ledger.head;
    try {
      await this.#run(signal, (timed) =>
        this.#client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }), {
          abortSignal: timed,
        }),
      );
    } catch (error) {
      const over = error instanceof StoreFault && (error.kind === 'gone' || error.kind === 'missing');
      // Such a store frees what was left by rules of its own.
      if (!over && !isUnsupported(error)) {
        await ledger.close();
        throw error;
      }
    }
    await ledger.remove();
  }

  /**
   * An ETag that is not the MD5 of what was sent: damaged on the way. Stores that encrypt with keys of their own answer
   * tags that are no MD5 (AWS, "Object ETag"), which they say, or which shows when it never fits.
   */
  #checkTag(number: number, etag: string | undefined, md5: string, encryption: string | undefined): void {
    const tag = tagOf(etag);
    if (tag === md5 || tag === null || !/^[0-9a-f]{32}$/.test(tag) || encryption?.startsWith('aws:kms'))
      return;
    const before = this.#mismatches.get(number) ?? 0;
    this.#mismatches.set(number, before + 1);
    if (before + 1 >= mostMismatches) return;
    throw new StoreFault('damaged', `part ${number} has another ETag than what was sent`);
  }

  /** The body is a stream, and its digest is known: the signature covers it, with TLS or without. */
  async #sendSigned(
    commandOf: (body: Readable) => PutObjectCommand | UploadPartCommand,
    sha256: string,
    source: Source,
    range: Range,
    pace: Pace,
  ): Promise<{ ETag?: string | undefined; ServerSideEncryption?: string | undefined }> {
    return await inTime(pace, async (rate, signal) => {
      const body = paced(source.path, range, pace, rate);
      this.#client.payloadDigests.set(body, sha256);
      const command = commandOf(body);
      const options = { abortSignal: signal };
      try {
        return await (command instanceof UploadPartCommand
          ? this.#client.send(command, options)
          : this.#client.send(command, options));
      } catch (error) {
        throw s3Fault(error, signal);
      } finally {
        body.destroy();
      }
    });
  }

  /** Once more without the condition, where the store says that it knows none. */
  async #conditionally<T>(signal: AbortSignal, send: () => Promise<T>): Promise<T> {
    try {
      return await send();
    } catch (error) {
      if (!this.#conditional || signal.aborted || !isUnsupported(error)) throw error;
      this.#conditional = false;
      throw new StoreFault('damaged', 'it knows no conditions; sending again without', { cause: error });
    }
  }

  async #run<T>(signal: AbortSignal, send: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const late = new AbortController();
    const limit = setTimeout(() => late.abort(noAnswer(this.#answerMs)), this.#answerMs);
    const either = AbortSignal.any([signal, late.signal]);
    try {
      return await send(either);
    } catch (error) {
      throw s3Fault(error, either);
    } finally {
      clearTimeout(limit);
    }
  }

  #unlessTaken(): { IfNoneMatch?: string } {
    return this.#conditional ? { IfNoneMatch: '*' } : {};
  }

  #described(source: Source) {
    const { storageClass } = this.#settings;
    return {
      ContentType: source.mediaType,
      Metadata: { [NOTE]: source.sha256 },
      ...(storageClass === undefined ? {} : { StorageClass: storageClass as 'STANDARD' }),
    };
  }

  #at(path: string): { Bucket: string; Key: string } {
    return { Bucket: this.#settings.bucket, Key: joinPath(this.#settings.prefix, path) };
  }

  get #books(): BookPlace {
    const { endpoint = '', bucket, prefix } = this.#settings;
    return { folder: this.#ledgers, endpoint, bucket, prefix };
  }

  #ledgerKey(path: string, source: Source): LedgerKey {
    const { Bucket, Key } = this.#at(path);
    return { endpoint: this.#settings.endpoint ?? '', bucket: Bucket, key: Key, sha256: source.sha256 };
  }
}

function base64(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64');
}

function tagOf(etag: string | null | undefined): string | null {
  return etag === null || etag === undefined ? null : bare(etag);
}
