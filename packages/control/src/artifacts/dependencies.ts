import type { Clock } from '@backlot/contract';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { BlobAdapter } from '../blobs/blob-adapter.ts';
import type { Store } from '../db/database.ts';
import type {
  AccessControl,
  AuditLog,
  BlobStore,
  EventLog,
  HealthReporter,
  Kernel,
  NodeLinks,
} from '../kernel.ts';
import type { ArtifactGuard } from '../workload.ts';

/** What the room of artifacts is given by `control.ts`. */
export interface ArtifactsDependencies {
  readonly store: Store;
  /** Opened with `beforePublish: recordBlob(store.db)`. */
  readonly blobs: BlobAdapter;
  /** Reads bytes wherever they are, also from nodes; the store alone unless told. */
  readonly bytes?: BlobStore['get'];
  /** For what nodes hold: told what to throw away and what to take back. Nobody is told without it. */
  readonly nodes?: () => Pick<NodeLinks, 'connected' | 'call'>;
  readonly events: EventLog;
  readonly audit: AuditLog;
  readonly access: AccessControl;
  readonly health: HealthReporter;
  readonly metrics: Registry;
  readonly clock: Clock;
  readonly log: Logger;
  /** Name of this control replica, stable over its restarts; one replica at a time sweeps. */
  readonly replica: string;
  /** Of the workloads: what their own rights hide. */
  readonly guards: readonly ArtifactGuard[];
  /** Handed to the guards; complete by the time of the first request. */
  readonly kernel: () => Kernel;
  readonly settings?: Partial<ArtifactSettings>;
}

/** Limits and times of the room. */
export interface ArtifactSettings {
  /** Largest upload of a person and largest output of a task, in bytes. */
  readonly largestFile: number;
  /** Free bytes below which nothing new is accepted: what is running must be able to finish. */
  readonly reserve: number;
  /** An upload that was not finished within this time is forgotten. */
  readonly uploadExpiryMs: number;
  /** How long deleted artifacts and unreferenced bytes stay, so that a mistake can be undone. */
  readonly graceMs: number;
  readonly sweepEveryMs: number;
  /** How often nodes are told what to throw away of what they hold. */
  readonly tellEveryMs: number;
  /** Most bytes that one stream (stdout, stderr) of an allocation may keep. */
  readonly largestLog: number;
}

export const defaultSettings: ArtifactSettings = {
  largestFile: 64 * 1024 ** 3,
  reserve: 1024 ** 3,
  uploadExpiryMs: 7 * 24 * 3_600_000,
  graceMs: 24 * 3_600_000,
  sweepEveryMs: 15 * 60_000,
  tellEveryMs: 5_000,
  largestLog: 256 * 1024 ** 2,
};
