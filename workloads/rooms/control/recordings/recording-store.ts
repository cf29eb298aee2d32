import type { Reason } from '@backlot/contract';
import type { Kernel, Tx } from '@backlot/control/workload';
import { toArtifact } from '@backlot/control/workload';
import type { z } from 'zod';
import { MANIFEST_KIND, type Recording, type RecordingState } from '../../contract/recording.ts';
import { TrackPart, type TrackSelection } from '../../contract/tasks.ts';
import type { ManifestPart } from './manifest.ts';

type Tables = {
  rooms_recording: {
    id: string;
    project_id: string;
    room_id: string;
    room_name: string;
    name: string;
    automatic: boolean;
    selection: string;
    job_id: string;
    started_at: Date;
    stop_asked_at: Date | null;
    ended_at: Date | null;
    /** Where the room's media was; null for those of before that was written down. */
    allocation: string | null;
    failure: string | null;
  };
};
export type RecordingRow = Omit<Tables['rooms_recording'], 'selection' | 'failure'> & {
  readonly selection: TrackSelection;
  readonly failure: Reason | null;
};

/** Which part of which track a clock belongs to: in its meta. */
const PartOf = TrackPart.pick({ producerId: true, part: true });
const keyOf = ({ producerId, part }: z.infer<typeof PartOf>) => `${producerId} ${part}`;

/** How a recording stands. Pure. */
export function recordingState(
  row: Pick<RecordingRow, 'ended_at' | 'failure' | 'stop_asked_at'>,
  jobState: string | undefined,
): RecordingState {
  if (row.ended_at !== null) return row.failure === null ? 'done' : 'failed';
  if (row.stop_asked_at !== null) return 'stopping';
  return jobState === 'running' ? 'recording' : 'starting';
}

/** Recordings in the database, with their parts, which are artifacts of their jobs. */
export class RecordingStore {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** False when the room has an automatic recording already that nobody has ended. */
  async insert(
    tx: Tx,
    row: Pick<
      RecordingRow,
      | 'id'
      | 'project_id'
      | 'room_id'
      | 'room_name'
      | 'name'
      | 'automatic'
      | 'selection'
      | 'job_id'
      | 'allocation'
    >,
  ): Promise<boolean> {
    const inserted = await tx
      .withTables<{ rooms_recording: Pick<Tables['rooms_recording'], keyof typeof row> }>()
      .insertInto('rooms_recording')
      .values({ ...row, selection: JSON.stringify(row.selection) })
      .onConflict((conflict) => conflict.doNothing())
      .returning('id')
      .executeTakeFirst();
    return inserted !== undefined;
  }

  async get(id: string): Promise<RecordingRow | undefined> {
    const row = await this.#db()
      .selectFrom('rooms_recording')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    return row && asRow(row);
  }

  async ofJob(jobId: string): Promise<RecordingRow | undefined> {
    const row = await this.#db()
      .selectFrom('rooms_recording')
      .selectAll()
      .where('job_id', '=', jobId)
      .executeTakeFirst();
    return row && asRow(row);
  }

  /** Newest first, with one row too many. */
  async list(roomId: string, before: string | undefined, limit: number): Promise<RecordingRow[]> {
    let rows = this.#db()
      .selectFrom('rooms_recording')
      .selectAll()
      .where('room_id', '=', roomId)
      .orderBy('id', 'desc')
      .limit(limit + 1);
    if (before !== undefined) rows = rows.where('id', '<', before);
    return (await rows.execute()).map(asRow);
  }

  /** Those of a room that have not ended. */
  async open(roomId: string): Promise<RecordingRow[]> {
    const rows = await this.#db()
      .selectFrom('rooms_recording')
      .selectAll()
      .where('room_id', '=', roomId)
      .where('ended_at', 'is', null)
      .execute();
    return rows.map(asRow);
  }

  /** Rooms of which something is being recorded. */
  async openRooms(): Promise<string[]> {
    const rows = await this.#db()
      .selectFrom('rooms_recording')
      .select('room_id')
      .distinct()
      .where('ended_at', 'is', null)
      .execute();
    return rows.map(({ room_id }) => room_id);
  }

  async askStop(id: string, at: Date): Promise<void> {
    await this.#db()
      .updateTable('rooms_recording')
      .set({ stop_asked_at: at })
      .where('id', '=', id)
      .where('stop_asked_at', 'is', null)
      .execute();
  }

  /** False when it had ended before. */
  async end(tx: Tx, id: string, at: Date, failure: Reason | null): Promise<boolean> {
    const row = await tx
      .withTables<Tables>()
      .updateTable('rooms_recording')
      .set({ ended_at: at, failure: failure && JSON.stringify(failure) })
      .where('id', '=', id)
      .where('ended_at', 'is', null)
      .returning('id')
      .executeTakeFirst();
    return row !== undefined;
  }

  /** The finished parts of a recording, oldest first, each with its clock. */
  async parts(jobId: string): Promise<ManifestPart[]> {
    const rows = await this.#artifacts(jobId, ['track', 'clock']);
    const clocks = new Map(
      rows.flatMap((row) => {
        const of = row.kind === 'clock' ? PartOf.safeParse(row.meta) : undefined;
        return of?.success ? [[keyOf(of.data), row] as const] : [];
      }),
    );
    return rows.flatMap((row) => {
      const facts = row.kind === 'track' ? TrackPart.safeParse(row.meta) : undefined;
      if (!facts?.success) return [];
      const clock = clocks.get(keyOf(facts.data));
      return [
        {
          ...facts.data,
          artifactId: row.id,
          clockArtifactId: clock?.id ?? null,
          size: Number(row.size),
          file: row.name,
          clockFile: clock?.name ?? null,
          digest: row.digest,
        },
      ];
    });
  }

  async view(row: RecordingRow): Promise<Recording> {
    const [job, parts, manifests] = await Promise.all([
      this.#kernel.db.selectFrom('job').select('state').where('id', '=', row.job_id).executeTakeFirst(),
      this.parts(row.job_id),
      this.#artifacts(row.job_id, [MANIFEST_KIND]),
    ]);
    const [manifest] = manifests;
    return {
      id: row.id,
      roomId: row.room_id,
      roomName: row.room_name,
      projectId: row.project_id,
      name: row.name,
      state: recordingState(row, job?.state),
      automatic: row.automatic,
      select: row.selection,
      jobId: row.job_id,
      startedAt: row.started_at.toISOString(),
      endedAt: row.ended_at?.toISOString() ?? null,
      parts: parts.map(({ file: _file, clockFile: _clock, digest: _digest, ...part }) => part),
      manifest: manifest ? toArtifact(manifest) : null,
      failure: row.failure,
    };
  }

  #artifacts(jobId: string, kinds: readonly string[]) {
    return this.#kernel.db
      .selectFrom('artifact')
      .selectAll()
      .where('job_id', '=', jobId)
      .where('kind', 'in', [...kinds])
      .where('deleted_at', 'is', null)
      .orderBy('created_at')
      .orderBy('id')
      .execute();
  }

  #db() {
    return this.#kernel.db.withTables<Tables>();
  }
}

function asRow(row: Tables['rooms_recording']): RecordingRow {
  // Both are jsonb: written as text, read as what they are.
  return {
    ...row,
    selection: row.selection as unknown as TrackSelection,
    failure: row.failure as unknown as Reason | null,
  };
}
