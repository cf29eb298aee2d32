import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

export interface DigestOptions {
  readonly signal?: AbortSignal;
  /** Called after every piece with the bytes done so far. */
  readonly onProgress?: (done: number) => void;
}

const pieceSize = 4 * 1024 * 1024;

/**
 * SHA-256 of a file without holding it in memory, as 64 hexadecimal digits. WebCrypto can't do that: it wants
 * all bytes at once, and it is missing on pages that were not loaded over HTTPS. In a page, run it in a worker.
 */
export async function sha256OfBlob(blob: Blob, options: DigestOptions = {}): Promise<string> {
  const hash = sha256.create();
  for (let at = 0; at < blob.size; at += pieceSize) {
    options.signal?.throwIfAborted();
    const piece = new Uint8Array(await blob.slice(at, at + pieceSize).arrayBuffer());
    hash.update(piece);
    options.onProgress?.(at + piece.length);
  }
  return bytesToHex(hash.digest());
}
