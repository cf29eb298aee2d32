import { rm } from 'node:fs/promises';
import { isNumberedOf, joinPath } from '../../../contract.ts';
import type { Source } from '../store.ts';
import { keyOf, type LedgerKey, lyingBooks, renewBook } from './part-ledger.ts';

/**
 * An upload that nobody has gone on with for so long is left for good: its run was canceled while this node was away, or
 * between two attempts. Whoever waits for a dead target renews its book with every attempt. Milliseconds.
 */
export const leftAfterMs = 7 * 24 * 3_600_000;
/** A book of a store that nobody uploads to any more says nothing that could still be done. */
const forgottenAfterMs = 30 * 24 * 3_600_000;

/** A store as the books of a node name it. */
export interface BookPlace {
  readonly folder: string;
  readonly endpoint: string;
  readonly bucket: string;
  readonly prefix: string;
}

/** Uploads of this content that were begun under a path, or under one of the numbered names that follow it. */
export async function begunUploads(
  place: BookPlace,
  path: string,
  source: Source,
  now: number,
): Promise<LedgerKey[]> {
  const name = joinPath(place.prefix, path);
  const keys = (await lyingBooks(place.folder, now)).map((book) => keyOf(book, place.endpoint));
  return keys.filter(
    (key): key is LedgerKey =>
      key !== undefined &&
      key.bucket === place.bucket &&
      key.sha256 === source.sha256 &&
      isNumberedOf(key.key, name),
  );
}

/** Uploads to this bucket that are left. Books that can't be of use to anybody go away here. */
export async function leftUploads(
  { folder, endpoint, bucket }: BookPlace,
  now: number,
): Promise<LedgerKey[]> {
  const left: LedgerKey[] = [];
  for (const book of await lyingBooks(folder, now)) {
    if (book.quietMs < leftAfterMs) continue;
    const key = keyOf(book, endpoint);
    if (key?.bucket === bucket) left.push(key);
    else if (!book.head || book.quietMs > forgottenAfterMs) await rm(book.path, { force: true });
  }
  return left;
}

/** This content is still wanted. */
export async function renewUploads({ folder }: BookPlace, source: Source, now: number): Promise<void> {
  for (const book of await lyingBooks(folder, now)) {
    if (book.head?.sha256 === source.sha256) await renewBook(book, now);
  }
}
