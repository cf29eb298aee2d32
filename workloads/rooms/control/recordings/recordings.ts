import { Readable } from 'node:stream';
import { BacklotError, newId, type Reason, reason } from '@backlot/contract';
import { type Actor, type Kernel, systemActor } from '@backlot/control/workload';
import { roomHttpErrors } from '../../contract/http-errors.ts';
import { roomPhrases } from '../../contract/phrases.ts';
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
  /** By room: the last telling of whether it is recorded. */
  readonly #showing = new Map<string, Promise<void>>();
  readonly #kernel: Kernel;
  readonly #rooms: Rooms;
  readonly #log: RoomLog;
  readonly #unsubscribe: () => void;
  /** Rooms for which an automatic recording is just being begun; true: look again, something was published meanwhile. */
  readonly #beginning = new Map<string, boolean>();

  constructor(kernel: Kernel, rooms: Rooms, log: RoomLog) {
    this.store = new RecordingStore(kernel);
    this.#kernel = kernel;
    this.#rooms = rooms;
    this.#log = log;
    this.#unsubscribe = rooms.onEvent((event) => this.#heard(event));
  }

  /** Called once, when the rooms of before are known: what was being recorded is shown, ended or begun anew. */
  async takeUp(): Promise<void> {
    for (const roomId of await this.store.openRooms()) this.#background(this.#takeUpRoom(roomId));
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
    const failure = wanted
      ? null
      : (job.failure?.reason ?? reason(roomPhrases, 'rooms.recording_broken_off'));
    if (await this.#finish(row, manifest, endedAt, failure)) {
      const [tracks, why] = [manifest.tracks.length, failure?.message ?? null];
      const summary = { recordingId: row.id, parts: parts.length, tracks, failure: why };
      this.#tell('rooms.recording.ended', row, summary);
    }
    await this.#show(row.room_id);
    // Nobody has ended it: its media host has gone. Not waited for, because the room may still look for a place.
    if (row.automatic && row.stop_asked_at === null) {
      this.#background(this.#goOn(row, job.state === 'succeeded'));
    }
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
        allocation,
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
    failure: Reason | null,
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

  /**
   * Has the room recorded where its media is now. A recording of a place that the room had before gets nothing any more: it is
   * ended, and not waited for, because its node may be lost.
   */
  async #beginAutomatic(room: Room): Promise<void> {
    if (this.#beginning.has(room.id)) {
      this.#beginning.set(room.id, true);
      return;
    }
    try {
      do {
        this.#beginning.set(room.id, false);
        await this.#recordWhereItIs(room);
      } while (this.#beginning.get(room.id));
    } finally {
      this.#beginning.delete(room.id);
    }
  }

  async #recordWhereItIs(room: Room): Promise<void> {
    const { allocation } = await this.#rooms.media(room.id);
    const going = (await this.store.open(room.id)).filter(
      ({ automatic, stop_asked_at }) => automatic && stop_asked_at === null,
    );
    if (going.some((row) => row.allocation === allocation)) return;
    for (const { id } of going) await this.store.askStop(id, new Date(this.#kernel.clock.now()));
    for (const row of going) this.#background(this.#endTask(row, systemActor));
    try {
      await this.#begin(room, room.name, {}, true, systemActor);
    } catch (error) {
      if (!(error instanceof AlreadyRecorded)) throw error;
    }
  }

  /**
   * After an automatic recording that nobody ended. One that failed where the room still is would fail again: that waits for
   * the next track.
   */
  async #goOn(row: RecordingRow, endedWell: boolean): Promise<void> {
    const room = await this.#openRoom(row.room_id);
    if (!room?.settings.record || (await this.#rooms.tracks(room.id)).length === 0) return;
    const { allocation } = await this.#rooms.media(room.id);
    if (endedWell || allocation !== row.allocation) await this.#beginAutomatic(room);
  }

  /** What was being recorded when the control plane ended. */
  async #takeUpRoom(roomId: string): Promise<void> {
    const room = await this.#openRoom(roomId);
    for (const row of await this.store.open(roomId)) {
      // Whether the recorder was told is not known; telling it again does no harm.
      if (row.stop_asked_at !== null) await this.#endTask(row, systemActor);
      else if (!room) await this.stop(row, systemActor);
    }
    if (!room) return;
    await this.#show(roomId);
    if (!room.settings.record) return;
    // With its place the tracks are known as well.
    await this.#rooms.media(roomId);
    if ((await this.#rooms.tracks(roomId)).length > 0) await this.#beginAutomatic(room);
  }

  async #openRoom(roomId: string): Promise<Room | undefined> {
    const room = await this.#rooms.get(roomId).catch(unlessGone);
    return room?.state === 'closed' ? undefined : room;
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

  /**
   * Tells the people in the room whether they are recorded. A room that is closed has nobody to tell. One telling after
   * the other: what was true a moment ago must not be said after what is true now.
   */
  async #show(roomId: string): Promise<void> {
    const before = this.#showing.get(roomId) ?? Promise.resolve();
    const now = before
      .catch(() => undefined)
      .then(async () => {
        const open = await this.store.open(roomId);
        await this.#rooms.setRecording(roomId, open.length > 0).catch(unlessGone);
      });
    this.#showing.set(roomId, now);
    try {
      await now;
    } finally {
      if (this.#showing.get(roomId) === now) this.#showing.delete(roomId);
    }
  }

  #background(work: Promise<void>): void {
    work.catch((error: unknown) =>
      this.#kernel.log.warn({ err: error }, 'a recording was not begun or ended'),
    );
  }
}

/** A room that is not there any more is no fault here. */
function unlessGone(error: unknown): undefined {
  if (!(error instanceof BacklotError) || error.kind.status !== 404) throw error;
}
