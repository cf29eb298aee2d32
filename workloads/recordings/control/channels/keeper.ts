import { type Reason, reason } from '@backlot/contract';
import {
  eventSubjects,
  type Kernel,
  LogTail,
  lastSeq,
  systemActor,
  type Tx,
} from '@backlot/control/workload';
import { type ChannelState, channelTransitions } from '../../contract/channel.ts';
import { recordingPhrases } from '../../contract/phrases.ts';
import { CHANNEL_JOB, WatchParameters } from '../../contract/watch.ts';
import { type ChannelRow, tables } from '../tables.ts';
import { type ChannelNow, readChannels, situationOf } from './channel-facts.ts';
import type { ChannelJobParameters } from './channel-job.ts';
import { type ChannelAction, decideChannel } from './decide.ts';
import { deriveChannelState } from './derive-state.ts';
import { touchedBy } from './touched.ts';
import { nextWindow } from './view-channel.ts';

/** However much happens, the log is read no more often than this. Milliseconds. */
const pauseMs = 150;
/** How often channels are looked at of which time alone can change something: those that wait. Milliseconds. */
const dueMs = 3_000;
/** How often all are looked at, whatever the log says: words between processes, and clocks, may be wrong. Milliseconds. */
const allMs = 30_000;
/** Reads of the log in one look; what is left comes with the next. */
const readsAtOnce = 20;

/**
 * Keeps every channel as people want it: a job where it is to be watched, none where not, a new one where it was changed,
 * and the state that follows from what runs. It reads the log of events whenever the kernel has written some, and looks at
 * the channels that something was said about; every few seconds at those that wait, and now and then at all. What it does
 * is decided again under the channel's lock, so that several control processes may look at once.
 */
export class ChannelKeeper {
  readonly #kernel: Kernel;
  /** Where the log is read from; nothing before all channels were looked at once. */
  #tail: LogTail | undefined;
  /** Said here, or not settled when it was looked at. */
  readonly #channels = new Set<string>();
  readonly #jobs = new Set<string>();
  #dueAt = Number.NEGATIVE_INFINITY;
  #allAt = Number.NEGATIVE_INFINITY;
  #unsubscribe: (() => void) | undefined;
  #cancel: (() => void) | undefined;
  #soon = false;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  start(): void {
    this.#unsubscribe = this.#kernel.fabric.subscribe(eventSubjects.appended, () => this.wake());
    this.#arm(0);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unsubscribe?.();
    this.#cancel?.();
    await this.#running;
  }

  /** Looks in a moment. Losing a wake-up costs seconds, nothing else. @param jobId of a channel whose facts have changed */
  wake(jobId?: string): void {
    if (jobId !== undefined) this.#jobs.add(jobId);
    if (this.#soon || this.#closed) return;
    this.#soon = true;
    this.#arm(pauseMs);
  }

  #arm(ms: number): void {
    this.#cancel?.();
    this.#cancel = this.#kernel.clock.after(ms, () => {
      this.#running = this.#running
        .then(() => {
          // From here on a wake-up is for the next look.
          this.#soon = false;
          return this.#next();
        })
        .catch((error: unknown) => {
          // What was read of the log is lost with the look.
          this.#allAt = Number.NEGATIVE_INFINITY;
          this.#kernel.log.warn({ err: error }, 'channels could not be looked at');
        })
        .finally(() => {
          if (!this.#closed && !this.#soon) this.#arm(dueMs);
        });
    });
  }

  async #next(): Promise<void> {
    const now = this.#kernel.clock.monotonic();
    if (now - this.#allAt >= allMs) return await this.look();
    const due = now - this.#dueAt >= dueMs;
    await this.lookAtChanged(due ? { due: true } : {});
  }

  /** One look at all channels. What fails for one keeps nothing from the others. */
  async look(): Promise<void> {
    const now = this.#kernel.clock.monotonic();
    // Before the channels are read: what happens meanwhile is read of the log afterwards.
    this.#tail = new LogTail(this.#kernel.db, await lastSeq(this.#kernel.db));
    this.#channels.clear();
    this.#jobs.clear();
    await this.#lookAt(kept(this.#kernel.db));
    this.#allAt = now;
    this.#dueAt = now;
  }

  /** One look at the channels that something was said about. @param options.due those that wait as well */
  async lookAtChanged({ due = false }: { readonly due?: boolean } = {}): Promise<void> {
    const now = this.#kernel.clock.monotonic();
    if (due) this.#dueAt = now;
    const channels = new Set(this.#channels);
    const jobs = new Set(this.#jobs);
    this.#channels.clear();
    this.#jobs.clear();
    for (let reads = 0; reads < readsAtOnce; reads += 1) {
      const read = await this.#tail?.read();
      const touched = touchedBy(read?.events ?? []);
      for (const id of touched.channels) channels.add(id);
      for (const id of touched.jobs) jobs.add(id);
      if (read?.more && reads + 1 < readsAtOnce) continue;
      // A gap in the log, or more than one look takes.
      if (read?.more || read?.blocked) this.wake();
      break;
    }
    if (!due && channels.size === 0 && jobs.size === 0) return;
    const { db, clock } = this.#kernel;
    await this.#lookAt(
      kept(db).where(({ eb, or, selectFrom }) =>
        or([
          ...(channels.size > 0 ? [eb('id', 'in', [...channels])] : []),
          ...(jobs.size > 0
            ? [
                eb(
                  'id',
                  'in',
                  selectFrom('recordings_channel_job')
                    .select('channel_id')
                    .where('job_id', 'in', [...jobs]),
                ),
              ]
            : []),
          ...(due ? [eb('state', '=', 'waiting'), eb('retry_at', '<=', new Date(clock.now()))] : []),
        ]),
      ),
    );
  }

  async #lookAt(query: ReturnType<typeof kept>): Promise<void> {
    for (const one of await readChannels(this.#kernel.db, await query.execute())) {
      if (this.#closed) return;
      try {
        await this.#keep(one);
      } catch (error) {
        // Again with the next look, which comes within seconds.
        this.#channels.add(one.row.id);
        this.#kernel.log.warn({ err: error, channel: one.row.id }, 'a channel could not be kept');
      }
    }
  }

  async #keep(one: ChannelNow): Promise<void> {
    const now = this.#kernel.clock.now();
    const action = decideChannel(now, situationOf(one));
    if (action.do !== 'nothing') {
      await this.#act(one.row.id, action);
      return;
    }
    await this.#state(one);
  }

  /** Does it when it is still what is to be done. */
  async #act(channelId: string, planned: ChannelAction): Promise<void> {
    const { clock, events, jobs, placement } = this.#kernel;
    let cancel: string | null = null;
    await this.#kernel.transaction(async (tx) => {
      cancel = null;
      const row = await lockChannel(tx, channelId);
      if (!row) return;
      const [one] = await readChannels(tx, [row]);
      if (!one) return;
      const action = decideChannel(clock.now(), situationOf(one));
      if (action.do !== planned.do) return;
      if (action.do === 'submit') await this.#submit(tx, row);
      else if (action.do === 'cancel') cancel = row.job_id;
      else if (action.do === 'forget') {
        const change = {
          job_id: null,
          job_revision: null,
          source_state: null,
          source_reason: null,
          source_words: null,
          failures: action.failures,
          retry_at: action.retryAt === null ? null : new Date(action.retryAt),
        };
        await tables(tx).updateTable('recordings_channel').set(change).where('id', '=', row.id).execute();
        await this.#become(tx, {
          ...one,
          row: { ...row, ...change },
          job: null,
          task: null,
          allocation: null,
        });
      }
    });
    if (cancel !== null) await jobs.setIntent(cancel, 'cancel', systemActor);
    events.wake();
    if (planned.do === 'submit') placement.wake('task-ready');
    // Something follows: the job that is asked to end, the next one.
    this.#channels.add(channelId);
    this.wake();
  }

  async #submit(tx: Tx, row: ChannelRow): Promise<void> {
    const { settings } = row;
    const version = await this.#flowVersion(settings.flow);
    const { name, source, qualities, schedule, cut, segmentMs, silenceMs } = settings;
    const watch = WatchParameters.parse({
      channelId: row.id,
      name,
      source,
      qualities,
      schedule,
      cut,
      segmentMs,
      silenceMs,
      flow: version === null ? null : { versionId: version },
    });
    const parameters: ChannelJobParameters = {
      watch,
      pool: settings.pool,
      labels: settings.labels,
      prefer: row.last_node_id === null ? [] : [row.last_node_id],
      expectedBitrate: settings.expectedBitrate,
    };
    const job = await this.#kernel.jobs.submit(
      { kind: CHANNEL_JOB, projectId: row.project_id, name, parameters, actor: systemActor },
      tx,
    );
    await tables(tx)
      .insertInto('recordings_channel_job')
      .values({ job_id: job.id, channel_id: row.id, revision: row.revision })
      .execute();
    await tables(tx)
      .updateTable('recordings_channel')
      .set({
        job_id: job.id,
        job_revision: row.revision,
        source_state: null,
        source_reason: null,
        source_words: null,
        retry_at: null,
      })
      .where('id', '=', row.id)
      .execute();
  }

  /** The version that is to run: the one that was chosen, or the newest now. A flow that is gone is no flow. */
  async #flowVersion(flow: ChannelRow['settings']['flow']): Promise<string | null> {
    if (flow === null) return null;
    if (flow.versionId !== null) return flow.versionId;
    return (await this.#kernel.flows.versionOf(flow.flowId)) ?? null;
  }

  /** Writes the state that follows from what is known, where it is another one. */
  async #state(one: ChannelNow): Promise<void> {
    if (!this.#differs(one)) return;
    await this.#kernel.transaction(async (tx) => {
      const row = await lockChannel(tx, one.row.id);
      if (!row) return;
      const [fresh] = await readChannels(tx, [row]);
      if (fresh) await this.#become(tx, fresh);
    });
    this.#kernel.events.wake();
  }

  #differs(one: ChannelNow): boolean {
    const { row } = one;
    const node = one.allocation?.nodeId ?? null;
    return (
      stateOf(one) !== row.state ||
      JSON.stringify(reasonOf(one, this.#kernel.clock.now())) !== JSON.stringify(row.reason) ||
      (node !== null && node !== row.last_node_id)
    );
  }

  async #become(tx: Tx, one: ChannelNow): Promise<void> {
    const { row } = one;
    const state = stateOf(one);
    const why = reasonOf(one, this.#kernel.clock.now());
    const moves = state !== row.state;
    if (moves && !channelTransitions[row.state].includes(state)) {
      this.#kernel.log.warn({ channel: row.id, from: row.state, to: state }, 'a channel can’t become that');
      return;
    }
    const node = one.allocation?.nodeId ?? row.last_node_id;
    await tables(tx)
      .updateTable('recordings_channel')
      .set({
        state,
        reason: why && JSON.stringify(why),
        last_node_id: node,
        ...(row.state === 'live' && moves ? { last_live_at: new Date(this.#kernel.clock.now()) } : {}),
      })
      .where('id', '=', row.id)
      .execute();
    if (!moves) return;
    await this.#kernel.events.append(tx, [
      {
        projectId: row.project_id,
        kind: 'recordings.channel.state',
        subject: { kind: 'channel', id: row.id },
        body: { name: row.settings.name, from: row.state, to: state, nodeId: node },
      },
    ]);
  }
}

/** Channels that somebody wants, and those whose job is still there. */
function kept(db: Kernel['db']) {
  return tables(db)
    .selectFrom('recordings_channel')
    .selectAll()
    .where((eb) => eb.or([eb('removed_at', 'is', null), eb('job_id', 'is not', null)]));
}

/** A channel's row, locked until the end of the transaction; others that look at it wait or find it done. */
export async function lockChannel(tx: Tx, id: string): Promise<ChannelRow | undefined> {
  return await tables(tx)
    .selectFrom('recordings_channel')
    .selectAll()
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst();
}

function stateOf({ row, task }: ChannelNow): ChannelState {
  return deriveChannelState({
    removed: row.removed_at !== null,
    enabled: row.enabled,
    task: task?.state ?? null,
    source: row.source_state,
  });
}

/** Why a channel is not live: the scheduler's words, or its recorder's. Null where nothing needs to be said. */
function reasonOf(one: ChannelNow, now: number): Reason | null {
  const { row, task } = one;
  const state = stateOf(one);
  if (state === 'live' || state === 'removed') return null;
  if (state === 'off') return reason(recordingPhrases, 'recordings.off');
  if (state === 'waiting') {
    if (row.job_id === null && row.retry_at !== null) {
      return reason(recordingPhrases, 'recordings.again', { at: row.retry_at.toISOString() });
    }
    return task?.wait ?? reason(recordingPhrases, 'recordings.no_place');
  }
  const ill = row.source_state === 'failing' || row.source_state === 'offline';
  if (ill && row.source_words) return row.source_words;
  const detail = row.source_reason ?? '';
  if (row.source_state === 'failing') return reason(recordingPhrases, 'recordings.failing', { detail });
  if (row.source_state === 'offline') return reason(recordingPhrases, 'recordings.offline', { detail });
  const opensAt = row.source_state === 'asleep' ? nextWindow(row.settings.schedule, now) : null;
  if (opensAt !== null) return reason(recordingPhrases, 'recordings.asleep', { at: opensAt });
  return reason(recordingPhrases, 'recordings.looking');
}
