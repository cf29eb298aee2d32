import type { Db } from '../db/schema.ts';

/** A multipart upload that a store holds open for us. */
export interface OpenMultipart {
  readonly id: string;
  /** Where its bytes will stand once it is completed. */
  readonly key: string;
  /** The store's own name for it. */
  readonly uploadId: string;
  /** Bytes of every part but the last. */
  readonly partSize: number;
}

/** One part that the store has confirmed. Number 0 is the tail: bytes too few to be a part yet. */
export interface LedgerPart {
  readonly number: number;
  readonly size: number;
  readonly etag: string;
  readonly sha256: string;
}

export const TAIL = 0;

/**
 * Our own book of parts. Stores list the parts of an open upload too, but slowly, in pages, and some of the
 * S3-compatible ones wrongly or not at all; and only our book knows the digest of each part and the tail.
 */
export interface PartLedger {
  open(multipart: OpenMultipart): Promise<void>;
  find(id: string): Promise<{ multipart: OpenMultipart; parts: LedgerPart[] } | undefined>;
  /** Writes a part down, in place of an earlier one with its number; for a real part the tail goes with it. */
  record(id: string, part: LedgerPart): Promise<void>;
  close(id: string): Promise<void>;
  openedBefore(date: Date): Promise<string[]>;
}

/** The ledger in the database's tables `blob_multipart` and `blob_part`. */
export function createPartLedger(db: Db): PartLedger {
  return {
    async open({ id, key, uploadId, partSize }) {
      await db
        .insertInto('blob_multipart')
        .values({ id, store_key: key, store_upload_id: uploadId, part_size: partSize })
        .execute();
    },

    async find(id) {
      const row = await db.selectFrom('blob_multipart').selectAll().where('id', '=', id).executeTakeFirst();
      if (row === undefined) return undefined;
      const parts = await db
        .selectFrom('blob_part')
        .select(['number', 'size', 'etag', 'sha256'])
        .where('multipart_id', '=', id)
        .orderBy('number')
        .execute();
      return {
        multipart: { id, key: row.store_key, uploadId: row.store_upload_id, partSize: row.part_size },
        parts,
      };
    },

    async record(id, part) {
      await db.transaction().execute(async (tx) => {
        await tx
          .insertInto('blob_part')
          .values({ multipart_id: id, ...part })
          .onConflict((conflict) =>
            conflict
              .columns(['multipart_id', 'number'])
              .doUpdateSet({ size: part.size, etag: part.etag, sha256: part.sha256 }),
          )
          .execute();
        if (part.number === TAIL) return;
        await tx.deleteFrom('blob_part').where('multipart_id', '=', id).where('number', '=', TAIL).execute();
      });
    },

    async close(id) {
      await db.deleteFrom('blob_multipart').where('id', '=', id).execute();
    },

    async openedBefore(date) {
      const rows = await db
        .selectFrom('blob_multipart')
        .select('id')
        .where('created_at', '<', date)
        .execute();
      return rows.map(({ id }) => id);
    },
  };
}
