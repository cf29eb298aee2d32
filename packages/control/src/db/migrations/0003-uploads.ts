import { type Kysely, sql } from 'kysely';

/**
 * `upload.digest` is what the bytes were found to be, written before they become a blob: an upload that was cut off
 * by a crash between its last byte and its artifact can be completed, and only by who has really sent the bytes.
 * The other indexes are for the sweep of what nothing refers to.
 */
export const name = '0003-uploads';

// biome-ignore lint/suspicious/noExplicitAny: a migration must not depend on today's schema type; Kysely asks for any here.
export async function up(db: Kysely<any>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `ALTER TABLE upload ADD COLUMN digest text`,
  `CREATE INDEX upload_open ON upload (created_at) WHERE finished_at IS NULL`,
  `CREATE INDEX artifact_retention ON artifact (retention_until) WHERE retention_until IS NOT NULL AND deleted_at IS NULL`,
  `CREATE INDEX artifact_deleted ON artifact (deleted_at) WHERE deleted_at IS NOT NULL`,
  `CREATE INDEX blob_unreferenced ON blob (unreferenced_at) WHERE unreferenced_at IS NOT NULL`,
  `CREATE INDEX staged_output_digest ON staged_output (digest)`,
  `CREATE INDEX log_chunk_digest ON log_chunk (digest)`,
];
