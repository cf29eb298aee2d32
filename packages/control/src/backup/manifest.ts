import { z } from 'zod';

/** Raised when an older Backlot could misread what a newer one writes. */
export const FORMAT = 1;

export const MANIFEST_NAME = 'backlot-backup.json';
export const END_NAME = 'end.json';

/** First entry of a backup: what it is, and what it takes to restore it. */
export const Manifest = z.object({
  format: z.number().int(),
  createdAt: z.iso.datetime(),
  /** Version of the PostgreSQL server that it was taken from; any other may take it. */
  server: z.string(),
  /** The steps that the schema had taken. */
  migrations: z.array(
    z.object({ set: z.string(), position: z.number().int(), name: z.string(), checksum: z.string() }),
  ),
  tables: z.array(z.object({ name: z.string(), columns: z.array(z.string()) })),
  includesBlobs: z.boolean(),
});
export type Manifest = z.infer<typeof Manifest>;

/** A sequence as it stood. */
export const SequenceState = z.object({
  name: z.string(),
  value: z.number().int(),
  /** False for one that has never given a number. */
  called: z.boolean(),
});
export type SequenceState = z.infer<typeof SequenceState>;

/** Last entry: what the whole must contain. A backup without it was cut off. */
export const End = z.object({
  /** Rows by table. */
  rows: z.record(z.string(), z.number().int()),
  sequences: z.array(SequenceState),
  /** SHA-256 over each table's rows as they stand in the archive. */
  digests: z.record(z.string(), z.string()),
  blobs: z.number().int(),
  /** Blobs that the database knows and the store did not have: they were missing before the backup. */
  missingBlobs: z.array(z.string()),
});
export type End = z.infer<typeof End>;

/** Name of the n-th piece (from 1) of a table's rows: pieces, because their size must be known beforehand. */
export function tableEntryName(table: string, piece: number): string {
  return `tables/${table}/${String(piece).padStart(6, '0')}.copy`;
}

/** What an entry of the archive is. */
export function parseEntryName(
  name: string,
): { kind: 'table'; table: string; piece: number } | { kind: 'blob'; digest: string } | undefined {
  const table = /^tables\/([a-z_][a-z0-9_]*)\/(\d{6,})\.copy$/.exec(name);
  if (table?.[1] && table[2]) return { kind: 'table', table: table[1], piece: Number(table[2]) };
  const blob = /^blobs\/([0-9a-f]{64})$/.exec(name);
  return blob?.[1] ? { kind: 'blob', digest: blob[1] } : undefined;
}
