import type { Db, Kernel, Tx } from '@backlot/control/workload';
import type { ColumnType, Selectable } from 'kysely';
import type { ModelFacts } from '../contract.ts';

/** One file of a model: its name beside the main one, and its bytes. */
export interface StoredFile {
  readonly path: string;
  readonly digest: string;
  readonly size: number;
  readonly artifactId: string;
}

type Json<T> = ColumnType<T, string, string>;

export interface ModelTable {
  id: string;
  project_id: string;
  name: string;
  main: string;
  files: Json<StoredFile[]>;
  size: number;
  fingerprint: string;
  facts: ColumnType<ModelFacts | null, string | null | undefined, string | null>;
  preview_artifact_id: string | null;
  owner_id: string | null;
  owner_name: string;
  visibility: 'project' | 'private';
  created_at: ColumnType<Date, Date | undefined, Date>;
  deleted_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
}
export interface ModelGrantTable {
  model_id: string;
  account_id: string;
  right: 'see' | 'use';
}
export interface UseTable {
  job_id: string;
  model_id: string;
}
export type ModelRow = Selectable<ModelTable>;

type RenderTables = {
  renders_model: ModelTable;
  renders_model_grant: ModelGrantTable;
  renders_use: UseTable;
};

/** The kernel's connection, with this workload's tables beside the kernel's. */
export function tables(db: Kernel['db'] | Db | Tx) {
  return db.withTables<RenderTables>();
}
