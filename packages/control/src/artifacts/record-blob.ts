import { sql } from 'kysely';
import type { BeforePublish } from '../blobs/blob-adapter.ts';
import type { Db } from '../db/schema.ts';

/**
 * Writes the row of a blob before its bytes can be seen, or takes it out of the sweep's hands when it was about
 * to go: whoever has called this has at least the sweep's grace to refer to the blob.
 */
export function recordBlob(db: Db): BeforePublish {
  return async ({ digest, size }) => {
    await sql`
      INSERT INTO blob (digest, size) VALUES (${digest}, ${size})
      ON CONFLICT (digest) DO UPDATE SET unreferenced_at = NULL, stored = true
    `.execute(db);
  };
}
