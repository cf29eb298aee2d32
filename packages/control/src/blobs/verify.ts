import { artifactErrors } from '@backlot/contract/errors/artifacts';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { kernelErrors } from '@backlot/contract/errors/kernel';
import type { BlobFacts } from './blob-adapter.ts';

/**
 * Compares what arrived with what was announced.
 *
 * @throws size_mismatch, digest_mismatch
 */
export function requireExpected(
  found: BlobFacts,
  expected: { readonly digest?: string; readonly size?: number } | undefined,
): void {
  if (expected?.size !== undefined && expected.size !== found.size) {
    throw new BacklotError(artifactErrors.size_mismatch, {
      params: { expected: expected.size, found: found.size },
    });
  }
  if (expected?.digest !== undefined && expected.digest !== found.digest) {
    throw new BacklotError(artifactErrors.digest_mismatch, {
      params: { expected: expected.digest, found: found.digest },
    });
  }
}

/** Digests become paths and keys, so nothing else than a digest may get that far. */
export function requireDigest(digest: string): string {
  if (/^[0-9a-f]{64}$/.test(digest)) return digest;
  throw new BacklotError(artifactErrors.blob_missing, { params: { digest: digest.slice(0, 64) } });
}

/** Ids of uploads become paths and keys too; ours are UUIDs. */
export function requireUploadId(id: string): string {
  if (/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(id)) return id;
  throw new BacklotError(artifactErrors.upload_gone);
}

/** The typed error of a failed write: a full disk says so, everything else stays what it is. */
export function toStorageError(error: unknown, free: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new BacklotError(kernelErrors.storage_full, { params: { free }, cause: error });
  }
  return error;
}
