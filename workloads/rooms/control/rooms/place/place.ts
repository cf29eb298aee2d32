import { BacklotError } from '@backlot/contract';
import { type Kernel, systemActor } from '@backlot/control/workload';
import { roomErrors } from '../../../contract/errors.ts';
import {
  type MediaMethod,
  type MediaPayload,
  type MediaResult,
  mediaCalls,
  mediaMethodName,
  type RoomDescription,
} from '../../../contract/media/calls.ts';
import { codecsOf } from '../../../contract/media/codecs.ts';
import { MediaEvent } from '../../../contract/media/events.ts';
import { ROOM_JOB } from '../../../contract/room.ts';
import type { ShardParametersInput } from '../../../contract/tasks.ts';
import type { RoomRow } from '../../tables.ts';
import { expectedPackets } from '../decisions/expected-packets.ts';
import { faultOf, readReply } from './call-errors.ts';
import { findHomes, type Home, type JobPlace, whyWaiting } from './find-home.ts';

/** Milliseconds: how long whoever enters waits for a place, a call for its answer, and a call for an agent that is away. */
const times = { placeMs: 20_000, callMs: 8_000, awayMs: 12_000, pollMs: 250 } as const;

/**
 * What a place tells its room. Called one after the other, never two at once. A hook must not wait for a call of the place:
 * that may be waiting for a new place, which is told by a hook.
 */
export interface PlaceHooks {
  /** A place is there, with what it holds: after opening, and after a restart of the control plane. */
  placed(description: RoomDescription, fresh: boolean): Promise<void>;
  /** The place is gone with everything in it; another is being looked for. */
  lost(): Promise<void>;
  event(event: MediaEvent): Promise<void>;
  /** Events were missed and are not to be had any more: this is how things are. */
  missed(description: RoomDescription): Promise<void>;
  /** The job that holds the place from now on; null: none. */
  job(jobId: string | null): Promise<void>;
  /** Whether a call was done is not known: the host may have more than was answered. */
  doubt(): void;
}

/**
 * A room's place in the fleet: the job that holds it, the node and allocation where its media is, calls to it, and what it
 * tells by itself, in order and without gaps. It knows nothing of people.
 */
export class Place {
  readonly #kernel: Kernel;
  readonly #row: () => RoomRow;
  readonly #hooks: PlaceHooks;
  #home: Home | null = null;
  #lastSeq = 0;
  #seeking: Promise<void> | null = null;
  #closed = false;
  /** Everything that is told to the room stands in this line. */
  #line: Promise<void> = Promise.resolve();
  #wasConnected = true;
  #catchingUp = false;

  constructor(kernel: Kernel, row: () => RoomRow, hooks: PlaceHooks) {
    this.#kernel = kernel;
    this.#row = row;
    this.#hooks = hooks;
  }

  get home(): Home | null {
    return this.#home;
  }

  /** Waits for a place, and looks for one if nobody does. @throws room_without_place */
  async ready(): Promise<Home> {
    if (this.#home) return this.#home;
    this.#seeking ??= this.#seek().finally(() => {
      this.#seeking = null;
    });
    await this.#seeking;
    if (!this.#home) throw this.#withoutPlace('');
    return this.#home;
  }

  /**
   * Asks the media host. While its agent is being started again it waits and asks again: what was done twice, or done and
   * not answered, is found by `doubt`.
   * @throws room_media_lost, media_object_not_found, media_refused
   */
  async call<M extends MediaMethod>(
    method: M,
    payload: MediaPayload<M>,
    options: { readonly about?: string; readonly deadlineMs?: number } = {},
  ): Promise<MediaResult<M>> {
    const answer = await this.raw(mediaMethodName(method), payload, options);
    return mediaCalls[method].result.parse(readReply(answer, options.about ?? '')) as MediaResult<M>;
  }

  /** As `call`, for a method that is named by whoever asks; the answer as it came. */
  async raw(
    method: string,
    payload: unknown,
    options: { readonly deadlineMs?: number } = {},
  ): Promise<unknown> {
    const { clock, nodes } = this.#kernel;
    const end = clock.monotonic() + times.awayMs;
    for (;;) {
      const home = await this.ready();
      try {
        return await nodes.call(home.nodeId, {
          allocation: home.allocation,
          method,
          payload,
          deadlineMs: options.deadlineMs ?? times.callMs,
        });
      } catch (error) {
        const fault = faultOf(error);
        if (fault === 'other') throw error;
        if (fault === 'elsewhere') await this.look();
        else this.#hooks.doubt();
        if (fault === 'silent' || this.#closed || clock.monotonic() > end) {
          throw new BacklotError(roomErrors.room_media_lost, {
            params: { room: this.#row().name },
            cause: error,
            retryAfterS: 2,
          });
        }
        await clock.sleep(times.pollMs);
      }
    }
  }

  /** An event has come from a node. */
  heard(nodeId: string, allocation: string, payload: unknown): void {
    const event = MediaEvent.safeParse(payload);
    if (!event.success) {
      this.#kernel.log.warn(
        { err: event.error, room: this.#row().id },
        'an event of a media host does not fit',
      );
      return;
    }
    this.#stand(async () => {
      if (this.#home?.allocation !== allocation || this.#home.nodeId !== nodeId) return;
      const { seq } = event.data;
      if (seq <= this.#lastSeq) return;
      if (seq > this.#lastSeq + 1) return this.#catchUp();
      this.#lastSeq = seq;
      await this.#hooks.event(event.data);
    });
  }

  /** Compares with what the database believes; called from time to time with it, or asks by itself. */
  async look(known?: JobPlace): Promise<void> {
    if (this.#closed || this.#seeking) return;
    const jobId = this.#row().job_id;
    if (jobId === null) return;
    const place = known ?? (await findHomes(this.#kernel.db, [jobId])).get(jobId);
    const home = this.#home;
    if (home && place?.home?.allocation !== home.allocation) {
      this.#home = null;
      this.#stand(() => this.#hooks.lost());
      this.ready().catch((error: unknown) => this.#kernel.log.warn({ err: error }, 'a room finds no place'));
      return;
    }
    if (!home) {
      if (place?.home) await this.ready().catch(() => undefined);
      return;
    }
    const connected = this.#kernel.nodes.connected(home.nodeId);
    if (connected && !this.#wasConnected) this.#stand(() => this.#catchUp());
    this.#wasConnected = connected;
  }

  /** How things are in the host. @throws room_media_lost */
  async describe(): Promise<RoomDescription> {
    return await this.call('describe', {});
  }

  /** Gives the place back: its job is canceled, and with it the media ends. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#home = null;
    const jobId = this.#row().job_id;
    if (jobId === null) return;
    await this.#kernel.jobs.setIntent(jobId, 'cancel', systemActor).catch((error: unknown) => {
      this.#kernel.log.warn({ err: error, job: jobId }, 'the job of a closed room could not be canceled');
    });
  }

  #stand(work: () => Promise<void>): void {
    this.#line = this.#line.then(work).catch((error: unknown) => {
      this.#kernel.log.error(
        { err: error, room: this.#row().id },
        'what a media host told could not be applied',
      );
    });
  }

  async #seek(): Promise<void> {
    const { clock } = this.#kernel;
    const end = clock.monotonic() + times.placeMs;
    let pause = 20;
    for (;;) {
      if (this.#closed)
        throw new BacklotError(roomErrors.room_not_found, { params: { room: this.#row().name } });
      const jobId = this.#row().job_id ?? (await this.#submit());
      const place = (await findHomes(this.#kernel.db, [jobId])).get(jobId);
      if (place?.home && (await this.#adopt(place.home))) return;
      if (place?.held) throw await this.#giveUp(jobId);
      if (place?.ended && !place.home) await this.#hooks.job(null);
      if (clock.monotonic() > end) throw this.#withoutPlace((await whyWaiting(this.#kernel.db, jobId)) ?? '');
      await clock.sleep(pause);
      pause = Math.min(times.pollMs, pause * 2);
    }
  }

  /** Nobody is to wait for what can't come: whoever asks next looks anew, when there may be another node. */
  async #giveUp(jobId: string): Promise<BacklotError> {
    const why = await whyWaiting(this.#kernel.db, jobId);
    await this.#hooks.job(null);
    await this.#kernel.jobs.setIntent(jobId, 'cancel', systemActor);
    return this.#withoutPlace(why ?? '');
  }

  async #submit(): Promise<string> {
    const row = this.#row();
    const { settings } = row;
    const parameters: ShardParametersInput = {
      roomId: row.id,
      name: row.name,
      settings: {
        codecs: codecsOf(settings.codecs),
        initialOutgoingBitrate: settings.initialOutgoingBitrate,
        maxIncomingBitrate: settings.maxIncomingBitrate,
        maxMessageSize: settings.maxMessageSize,
        expectedPackets: expectedPackets(settings),
        keyFrameRequestDelayMs: settings.audience ? 2_000 : 1_000,
      },
    };
    const job = await this.#kernel.jobs.submit({
      kind: ROOM_JOB,
      projectId: row.project_id,
      name: row.name,
      parameters,
      actor: systemActor,
    });
    await this.#hooks.job(job.id);
    return job.id;
  }

  /** Takes a place over when its host answers. */
  async #adopt(home: Home): Promise<boolean> {
    let description: RoomDescription;
    try {
      description = await this.#ask(home, 'describe', {});
    } catch (error) {
      this.#kernel.log.debug({ err: error, room: this.#row().id }, 'the place of a room does not answer yet');
      return false;
    }
    const fresh = description.seq === 0 && description.transports.length === 0;
    this.#home = home;
    this.#wasConnected = true;
    this.#lastSeq = description.seq;
    this.#stand(() => this.#hooks.placed(description, fresh));
    await this.#line;
    return true;
  }

  async #catchUp(): Promise<void> {
    const home = this.#home;
    if (!home || this.#catchingUp) return;
    this.#catchingUp = true;
    try {
      const { complete, events } = await this.#ask(home, 'eventsAfter', { after: this.#lastSeq });
      if (this.#home !== home) return;
      if (!complete) {
        const description = await this.#ask(home, 'describe', {});
        this.#lastSeq = description.seq;
        await this.#hooks.missed(description);
        return;
      }
      for (const event of events) {
        if (event.seq <= this.#lastSeq) continue;
        this.#lastSeq = event.seq;
        await this.#hooks.event(event);
      }
    } finally {
      this.#catchingUp = false;
    }
  }

  /** One question to a known home: looks for no other, so it may be asked from inside the line. */
  async #ask<M extends MediaMethod>(
    home: Home,
    method: M,
    payload: MediaPayload<M>,
  ): Promise<MediaResult<M>> {
    const answer = await this.#kernel.nodes.call(home.nodeId, {
      allocation: home.allocation,
      method: mediaMethodName(method),
      payload,
      deadlineMs: 3_000,
    });
    return mediaCalls[method].result.parse(readReply(answer, home.allocation)) as MediaResult<M>;
  }

  #withoutPlace(reason: string): BacklotError {
    return new BacklotError(roomErrors.room_without_place, {
      params: { room: this.#row().name, reason },
      retryAfterS: 3,
    });
  }
}
