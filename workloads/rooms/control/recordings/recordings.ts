import { Readable } from 'node:stream';
import { BacklotError, newId } from '@backlot/contract';
import { type Actor, type Kernel, systemActor } from '@backlot/control/workload';
import { roomHttpErrors } from '../../contract/http-errors.ts';
import {
  MANIFEST_KIND,
  RECORDING_JOB,
  type Recording,
  type RecordingManifest,
  type RecordingRequest,
} from '../../contract/recording.ts';
import type { Room } from '../../contract/room.ts';
import { recordStopMethod, type TrackSelection, taskKinds } from '../../contract/tasks.ts';
import type { RoomLog } from '../events/room-log.ts';
import type { RoomEvent, Rooms } from '../ports.ts';
import { makeManifest } from './manifest.ts';
import type { RecordingJobParameters } from './recording-job.ts';
import { type RecordingRow, RecordingStore } from './recording-store.ts';

const stopMs = 15_000;
const manifestName = 'manifest.json';

/** Thrown inside the transaction of a recording that another process has begun already, so that its job goes too. */
class AlreadyRecorded extends Error {}

/** Recordings of rooms: begun and ended by people, or by a room's own setting with its first track. */
export class Recordings {
  readonly store: RecordingStore;
  readonly #kernel: Kernel;
  readonly #rooms: Rooms;
  readonly #log: RoomLog;
  readonly #unsubscribe: () => void;
  /** Rooms for which an automatic recording is just being begun. */
  readonly #beginning = new Set<string>();

  constructor(kernel: Kernel, rooms: Rooms, log: RoomLog) {
    this.store = new RecordingStore(kernel);
    this.#kernel = kernel;
    this.#rooms = rooms;
    this.#log = log;
    this.#unsubscribe = rooms.onEvent((event) => this.#heard(event));
  }

  /** @throws room_not_active when the room has no media yet */
  async start(room: Room, { name, select }: RecordingRequest, actor: Actor): Promise<Recording> {
    if (room.nodeId === null) {
      throw new BacklotError(roomHttpErrors.room_not_active, { params: { room: room.name }, retryAfterS: 2 });
    }
    const row = await this.#begin(room, name ?? room.name, select, false, actor);
    return this.store.view(row);
  }

  /**
   * Ends a recording: what is being written is finished first, so it goes on for a moment. Repeating it does no harm.
   */
  async stop(row: RecordingRow, actor: Actor): Promise<Recording> {
    if (row.ended_at === null) {
      await this.store.askStop(row.id, new Date(this.#kernel.clock.now()));
      await this.#endTask(row, actor);
    }
    return this.store.view((await this.store.get(row.id)) ?? row);
  }

  /** Called for every job of ours that has ended, at least once: makes the manifest, and says so. */
  async jobEnded(jobId: string): Promise<void> {
    const row = await this.store.ofJob(jobId);
    if (!row || row.ended_at !== null) return;
    const job = await this.#kernel.jobs.get(jobId);
    const endedAt = new Date(this.#kernel.clock.now());
    const parts = await this.store.parts(jobId);
    const manifest = makeManifest({
      id: row.id,
      room: { id: row.room_id, name: row.room_name },
      startedAt: row.started_at.getTime(),
      endedAt: endedAt.getTime(),
      parts,
    });
    // Stopped before it could begin: nothing was to be recorded, and nothing is wrong.
    const wanted = job.state === 'succeeded' || (job.state === 'canceled' && row.stop_asked_at !== null);
    const failure = wanted ? null : (job.failure?.reason.message ?? 'The recording was broken off.');
    if (await this.#finish(row, manifest, endedAt, failure)) {
      const summary = { recordingId: row.id, parts: parts.length, tracks: manifest.tracks.length, failure };
      this.#tell('rooms.recording.ended', row, summary);
    }
    await this.#show(row.room_id);
  }

  close(): void {
    this.#unsubscribe();
  }

  async #begin(
    room: Room,
    name: string,
    select: TrackSelection,
    automatic: boolean,
    actor: Actor,
  ): Promise<RecordingRow> {
    const { nodeId, allocation } = await this.#rooms.media(room.id);
    const id = newId();
    const parameters: RecordingJobParameters = {
      recordingId: id,
      roomId: room.id,
      shardAllocation: allocation,
      select,
      nodeId,
    };
    const { projectId } = room;
    await this.#kernel.transaction(async (tx) => {
      const job = await this.#kernel.jobs.submit(
        { kind: RECORDING_JOB, projectId, name, parameters, actor: systemActor },
        tx,
      );
      const inserted = await this.store.insert(tx, {
        id,
        project_id: projectId,
        room_id: room.id,
        room_name: room.name,
        name,
        automatic,
        selection: select,
        job_id: job.id,
      });
      if (!inserted) throw new AlreadyRecorded();
      await this.#kernel.audit.record(tx, {
        actor,
        action: 'room.record',
        subject: { kind: 'room', id: room.id },
        projectId,
        after: { recordingId: id, automatic, select },
      });
    });
    this.#kernel.events.wake();
    this.#kernel.placement.wake('task-ready');
    const row = await this.store.get(id);
    if (!row) throw new BacklotError(roomHttpErrors.recording_not_found, { params: { id } });
    this.#tell('rooms.recording.started', row, { recordingId: id, automatic });
    await this.#show(room.id);
    return row;
  }

  /** Asks the recorder to finish; one that does not run yet, or can't be asked, is canceled, and keeps what it has. */
  async #endTask(row: RecordingRow, actor: Actor): Promise<void> {
    const allocation = await this.#kernel.db
      .selectFrom('allocation as a')
      .innerJoin('task as t', 't.id', 'a.task_id')
      .select(['a.id', 'a.node_id'])
      .where('t.job_id', '=', row.job_id)
      .where('t.kind', '=', taskKinds.record)
      .where('a.state', '=', 'running')
      .executeTakeFirst();
    if (allocation) {
      try {
        await this.#kernel.nodes.call(allocation.node_id, {
          allocation: allocation.id,
          method: recordStopMethod,
          payload: {},
          deadlineMs: stopMs,
        });
        return;
      } catch (error) {
        this.#kernel.log.warn({ err: error, recording: row.id }, 'a recorder could not be asked to finish');
      }
    }
    const job = await this.#kernel.jobs.get(row.job_id);
    if (job.endedAt === null) await this.#kernel.jobs.setIntent(row.job_id, 'cancel', actor);
  }

  async #finish(
    row: RecordingRow,
    manifest: RecordingManifest,
    endedAt: Date,
    failure: string | null,
  ): Promise<boolean> {
    const { blobs, artifacts, db } = this.#kernel;
    const bytes = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
    const { digest, size } = await blobs.put(Readable.from([bytes]));
    const attempt = await db
      .selectFrom('allocation')
      .select(['id', 'task_id'])
      .where('job_id', '=', row.job_id)
      .orderBy('fence', 'desc')
      .limit(1)
      .executeTakeFirst();
    return this.#kernel.transaction(async (tx) => {
      if (!(await this.store.end(tx, row.id, endedAt, failure))) return false;
      // A recording that never ran has no attempt that could own anything, and nothing to compose either.
      if (!attempt) return true;
      // A commit takes what is staged for the attempt; what a node uploads is staged so, and what we have just stored too.
      await tx
        .insertInto('staged_output')
        .values({ allocation_id: attempt.id, name: manifestName, digest, size })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      await artifacts.commit(
        tx,
        { projectId: row.project_id, jobId: row.job_id, taskId: attempt.task_id, allocationId: attempt.id },
        [
          {
            name: manifestName,
            kind: MANIFEST_KIND,
            digest,
            size,
            mediaType: 'application/json',
            meta: {},
          },
        ],
      );
      return true;
    });
  }

  #heard(event: RoomEvent): void {
    if (event.kind === 'track.published' && event.room.settings.record) {
      this.#background(this.#beginAutomatic(event.room));
    } else if (event.kind === 'room.closed') {
      // The recorder ends with the room by itself; one that has not begun yet would wait for ever.
      this.#background(this.#endAll(event.room));
    } else if (event.kind === 'room.changed' && !event.room.settings.record) {
      this.#background(this.#endAll(event.room, true));
    }
  }

  async #beginAutomatic(room: Room): Promise<void> {
    if (this.#beginning.has(room.id)) return;
    this.#beginning.add(room.id);
    try {
      const open = await this.store.open(room.id);
      if (open.some(({ automatic }) => automatic)) return;
      await this.#begin(room, room.name, {}, true, systemActor);
    } catch (error) {
      if (!(error instanceof AlreadyRecorded)) throw error;
    } finally {
      this.#beginning.delete(room.id);
    }
  }

  async #endAll(room: Room, onlyAutomatic = false): Promise<void> {
    for (const row of await this.store.open(room.id)) {
      if (onlyAutomatic && !row.automatic) continue;
      if (row.stop_asked_at === null) await this.stop(row, systemActor);
    }
  }

  #tell(kind: 'rooms.recording.started' | 'rooms.recording.ended', row: RecordingRow, body: object): void {
    const room = { id: row.room_id, name: row.room_name, projectId: row.project_id };
    this.#log.append({ kind, room, body: { room: { id: room.id, name: room.name }, ...body } });
  }

  /** Tells the people in the room whether they are recorded. A room that is closed has nobody to tell. */
  async #show(roomId: string): Promise<void> {
    const open = await this.store.open(roomId);
    await this.#rooms.setRecording(roomId, open.length > 0).catch((error: unknown) => {
      if (!(error instanceof BacklotError) || error.kind.status !== 404) throw error;
    });
  }

  #background(work: Promise<void>): void {
    work.catch((error: unknown) =>
      this.#kernel.log.warn({ err: error }, 'a recording was not begun or ended'),
    );
  }
}
