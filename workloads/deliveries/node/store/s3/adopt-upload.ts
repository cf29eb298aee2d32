import { ListMultipartUploadsCommand, ListPartsCommand, type S3Client } from '@aws-sdk/client-s3';
import { digestsOf } from '../../net/source-slice.ts';
import type { Source } from '../store.ts';
import { StoreFault } from '../store-fault.ts';
import type { LedgerPart } from './part-ledger.ts';
import { planParts } from './plan-parts.ts';
import { isUnsupported, s3Fault } from './s3-fault.ts';

/** Uploads of one key that are looked at; more than one or two are only left by accidents. */
const mostUploads = 5;

interface Place {
  readonly Bucket: string;
  readonly Key: string;
}

/** The parts that a store lists of an open upload, by number. */
export async function listParts(
  client: S3Client,
  place: Place & { readonly UploadId: string },
  signal: AbortSignal,
): Promise<Map<number, LedgerPart>> {
  const parts = new Map<number, LedgerPart>();
  for (let marker: string | undefined; ; ) {
    const answer = await client.send(
      new ListPartsCommand({ ...place, ...(marker === undefined ? {} : { PartNumberMarker: marker }) }),
      { abortSignal: signal },
    );
    for (const { PartNumber = 0, ETag = '', Size = 0 } of answer.Parts ?? []) {
      parts.set(PartNumber, { number: PartNumber, etag: ETag, size: Size });
    }
    const next = answer.NextPartNumberMarker;
    // A list that does not go on would be read for ever.
    if (!answer.IsTruncated || !next || Number(next) <= Number(marker ?? 0)) return parts;
    marker = next;
  }
}

/**
 * Finds an upload of the same file that another node has begun: its parts are ours when each has the size and the MD5 of
 * what we would send. Stores that can't list, or forbid it, have none.
 *
 * @throws StoreFault when it can't say so now: what is begun meanwhile would send all of it again
 */
export async function adoptUpload(
  client: S3Client,
  wanted: Place & { readonly source: Source; readonly partSize: number; readonly signal: AbortSignal },
): Promise<{ readonly uploadId: string; readonly parts: readonly LedgerPart[] } | undefined> {
  const { Bucket, Key, source, partSize, signal } = wanted;
  try {
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: Key }), {
      abortSignal: signal,
    });
    const same = Uploads.filter((upload) => upload.Key === Key).slice(-mostUploads);
    for (const { UploadId } of same.reverse()) {
      if (UploadId === undefined) continue;
      const listed = await listParts(client, { Bucket, Key, UploadId }, signal);
      const parts = await matching(listed, source, partSize, signal);
      if (parts) return { uploadId: UploadId, parts };
    }
  } catch (error) {
    const fault = s3Fault(error, signal);
    signal.throwIfAborted();
    if (fault instanceof StoreFault && fault.kind === 'away' && !isUnsupported(fault)) throw fault;
  }
  return undefined;
}

/** The listed parts when they are all of this file; an upload without any part may be anybody's. */
async function matching(
  listed: ReadonlyMap<number, LedgerPart>,
  source: Source,
  partSize: number,
  signal: AbortSignal,
): Promise<LedgerPart[] | undefined> {
  if (listed.size === 0) return undefined;
  const planned = new Map(planParts(source.size, partSize).map((part) => [part.number, part]));
  for (const part of listed.values()) {
    const plan = planned.get(part.number);
    if (!plan || plan.end - plan.start !== part.size) return undefined;
    const { md5 } = await digestsOf(source.path, plan, signal);
    if (part.etag.replace(/"/g, '') !== md5) return undefined;
  }
  return [...listed.values()];
}
