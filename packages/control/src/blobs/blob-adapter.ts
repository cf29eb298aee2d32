import type { Readable } from 'node:stream';
import type { BlobStore } from '../kernel.ts';

/** What a store is sure of about some bytes. */
export interface BlobFacts {
  /** SHA-256, 64 lower-case hexadecimal digits: the blob's name. */
  readonly digest: string;
  /** In bytes. */
  readonly size: number;
}

/**
 * Called with the facts of verified bytes, after they are checked and before anybody can see them. The control
 * plane writes the `blob` row here, so that the sweep of unreferenced bytes knows of every blob before it
 * exists and can never race with one that is just being stored again.
 */
export type BeforePublish = (blob: BlobFacts) => Promise<void>;

/**
 * Bytes that arrive in pieces, over hours and over restarts of this process. Nothing of them can be read
 * before `finish` has checked the whole. Pieces of one upload must come one after the other: the caller lets
 * only one `append` per id run at a time.
 */
export interface PiecedUploads {
  /** Starts an upload under an id of the caller's making (a UUID). Starting it again is harmless. */
  begin(id: string): Promise<void>;
  /** How many bytes are kept for certain; undefined when the upload is unknown. */
  received(id: string): Promise<number | undefined>;
  /**
   * Takes bytes from `source` until it ends or fails, at most `limit` of them. What arrived before a failure is
   * kept. Returns the new number of kept bytes.
   *
   * @throws upload_offset_mismatch when `offset` is not where the upload stands; upload_gone; storage_full;
   *   upload_too_large when there is more than `limit`
   */
  append(id: string, offset: number, source: Readable, limit: number, signal?: AbortSignal): Promise<number>;
  /**
   * Checks the whole and makes it a blob. Repeatable until it has succeeded. After a mismatch the upload is gone.
   *
   * @param onVerified called once the bytes are known to be the expected ones and before they become a blob
   * @throws digest_mismatch, size_mismatch, upload_gone
   */
  finish(
    id: string,
    expected?: { readonly digest?: string; readonly size?: number },
    onVerified?: (found: BlobFacts) => Promise<void>,
  ): Promise<BlobFacts>;
  /** Forgets an upload and frees its space. Harmless when it is unknown. */
  abort(id: string): Promise<void>;
  /** Ids of uploads that have not grown since `before` (where that is not known: were begun before), for the sweep. */
  stale(before: Date): Promise<string[]>;
}

/** A blob store as its adapters implement it: the kernel's port, and uploads in pieces. */
export interface BlobAdapter extends BlobStore {
  readonly pieces: PiecedUploads;
}
