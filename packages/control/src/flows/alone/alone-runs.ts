import { type Clock, flowPhrases, type Id, reason } from '@backlot/contract';
import {
  type AloneAnswer,
  AloneEnd,
  type AloneRun,
  AloneStep,
  aloneMethods,
  ClaimAnswer,
  deputyMethods,
} from '@backlot/contract/deputy/messages';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { linkErrors } from '@backlot/contract/errors/link';
import type { Call } from '@backlot/contract/link/messages';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { Db, FlowRunRow } from '../../db/schema.ts';
import type { NodeLinks } from '../../kernel.ts';
import { type ChangeDeps, runChange } from '../../tasks/change.ts';
import { decideAway } from './away.ts';
import { goElsewhere, performNow } from './go-elsewhere.ts';
import { startLimits } from './start-limits.ts';
import type { AloneOf, StepTaken } from './take-step.ts';

interface OpenRow {
  readonly id: Id;
  readonly job_id: Id;
  readonly key: string;
  readonly alone_on: Id;
  readonly alone_lost_at: Date | null;
  /** Of the node, as its state is; null when there is none any more. */
  readonly name: string | null;
  readonly state: string | null;
  readonly away_ms: number | null;
}

export interface AloneDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nodes: () => NodeLinks;
  readonly changes: () => ChangeDeps;
  /** Takes in how a step ended. */
  takeStep(nodeId: Id, run: AloneOf, step: AloneStep): Promise<StepTaken>;
  /** Kinds of step that the control plane performs. */
  readonly performed: () => readonly string[];
  /** How long a lost node must have been away before its runs go on elsewhere. Milliseconds. */
  readonly elsewhereAfterMs: number;
}

const claimMs = 5_000;
/** Runs in one look. */
const batch = 500;

/**
 * Runs that a node has begun while it was cut off. A run whose trigger says that a node may have begun it is started here
 * **open**: it is there, with its steps, but nothing of it is placed or performed. Then the node is asked. `yours`: it is
 * let go, and goes on as any other. `mine`, or no answer yet: the node tells its steps, which are taken in as if they had
 * been placed there; when it says that it is at the end, what it has left goes on here.
 */
export class AloneRuns {
  readonly #deps: AloneDeps;
  /** Where the next look begins: runs that wait for long must not keep others from being looked at. */
  #after: Id | null = null;

  constructor(deps: AloneDeps) {
    this.#deps = deps;
  }

  /** Whose a run is. `unknown`: the node can't be asked now. */
  async ask(nodeId: Id, key: string): Promise<'mine' | 'yours' | 'unknown'> {
    try {
      const answer = await this.#deps.nodes().call(nodeId, {
        allocation: nodeId,
        method: deputyMethods.claim,
        payload: { key },
        deadlineMs: claimMs,
      });
      return ClaimAnswer.parse(answer).claim;
    } catch (error) {
      this.#deps.log.debug({ err: error, node: nodeId, key }, 'a node could not be asked for a run');
      return 'unknown';
    }
  }

  /**
   * Asks for open runs whose nodes can be reached, and lets those go that are ours, or whose node is gone for good. Of a
   * node that is lost, what can be done elsewhere is done there.
   */
  async sweep(signal: AbortSignal): Promise<number | null> {
    const { rows } = await sql<OpenRow>`
      SELECT r.id, r.job_id, r.key, r.alone_on, r.alone_lost_at, n.name, n.state,
        extract(epoch FROM now() - n.unreachable_since)::float8 * 1000 AS away_ms
      FROM flow_run r LEFT JOIN node n ON n.id = r.alone_on
      WHERE r.alone_open AND r.ended_at IS NULL AND (${this.#after}::uuid IS NULL OR r.id > ${this.#after}::uuid)
      ORDER BY r.id LIMIT ${batch}
    `.execute(this.#deps.db);
    this.#after = rows.length < batch ? null : (rows.at(-1)?.id ?? null);
    for (const row of rows) {
      if (signal.aborted) return null;
      try {
        await this.#look(row);
      } catch (error) {
        this.#deps.log.warn(
          { err: error, run: row.id },
          'a run of a node that was alone could not be looked at',
        );
      }
    }
    return this.#after === null ? null : 0;
  }

  async #look(row: OpenRow): Promise<void> {
    const { elsewhereAfterMs, nodes } = this.#deps;
    const { state, name, away_ms: awayMs, alone_on: node } = row;
    const connected = state !== null && state !== 'removed' && nodes().connected(node);
    const action = decideAway({ name: name ?? node, state, connected, awayMs }, elsewhereAfterMs);
    if (action === 'elsewhere') await goElsewhere(this.#deps, row);
    else if (action === 'let-go') await this.#letGo(row, true);
    else if (action === 'ask') {
      const claim = await this.ask(node, row.key);
      if (claim === 'yours') await this.#letGo(row, true);
      else if (claim === 'mine' && row.alone_lost_at !== null) await this.#isBack(row);
    }
  }

  /** It is there again, and has the run: what nobody has begun here waits for what it tells. */
  async #isBack({ id, job_id: jobId }: OpenRow): Promise<void> {
    await runChange(this.#deps.changes(), async (change) => {
      await change.ledger.lock([jobId]);
      await sql`UPDATE flow_run SET alone_lost_at = NULL WHERE id = ${id} AND alone_open`.execute(change.tx);
      const wait = JSON.stringify(reason(flowPhrases, 'flow.wait.alone'));
      await sql`
        UPDATE task SET wait = ${wait}::jsonb WHERE job_id = ${jobId} AND state = 'queued' AND paused
      `.execute(change.tx);
    });
  }

  /** A call of a node. @throws call_not_understood */
  async call(nodeId: Id, call: Call): Promise<AloneAnswer> {
    switch (call.method) {
      case aloneMethods.step:
        return { answer: await this.#step(nodeId, AloneStep.parse(call.payload)) };
      case aloneMethods.end:
        return { answer: await this.#end(nodeId, AloneEnd.parse(call.payload)) };
      default:
        throw new BacklotError(linkErrors.call_not_understood, { params: { method: call.method } });
    }
  }

  async #step(nodeId: Id, step: AloneStep): Promise<AloneAnswer['answer']> {
    const run = await this.#find(nodeId, step);
    if (typeof run === 'string') return run;
    const wanted = run.version_id === step.version && run.ended_at === null;
    const of = { jobId: run.job_id, projectId: run.project_id, wanted };
    const taken = await this.#deps.takeStep(nodeId, of, step);
    if (taken === 'taken') return taken;
    if (taken === 'busy') return 'later';
    // A step that is not there yet comes with the end of a wait; every other end was taken in before, and all that follows.
    if (taken === 'unknown' && run.due_at !== null) return 'later';
    await this.#refuse(nodeId, run);
    return 'unwanted';
  }

  /** The node has run something else than this run: it goes on here without what the node has done. */
  async #refuse(nodeId: Id, run: FlowRunRow): Promise<void> {
    this.#deps.log.info({ run: run.id, node: nodeId }, 'what a node did alone is not what this run asks for');
    if (run.alone_open && run.ended_at === null) await this.#letGo(run, true);
  }

  async #end(nodeId: Id, end: AloneEnd): Promise<AloneAnswer['answer']> {
    const run = await this.#find(nodeId, end);
    if (typeof run === 'string') return run;
    if (run.version_id !== end.version) {
      await this.#refuse(nodeId, run);
      return 'unwanted';
    }
    if (run.alone_open) await this.#letGo(run, false);
    this.#deps.log.info(
      { run: run.id, node: nodeId, left: end.left },
      'a run that a node began alone is here',
    );
    return 'taken';
  }

  /** The run that a node speaks of, by the occasion; both sides have ids of their own for it. */
  async #find(nodeId: Id, { key, version }: AloneRun): Promise<FlowRunRow | 'later' | 'unwanted'> {
    const { db, log } = this.#deps;
    const flow = await db
      .selectFrom('flow_version as v')
      .innerJoin('flow as f', 'f.id', 'v.flow_id')
      .select(['f.id', 'f.removed_at'])
      .where('v.id', '=', version)
      .executeTakeFirst();
    const run = flow
      ? await db
          .selectFrom('flow_run')
          .selectAll()
          .where('flow_id', '=', flow.id)
          .where('key', '=', key)
          .executeTakeFirst()
      : undefined;
    if (run?.alone_on === nodeId) return run;
    if (run) {
      log.warn(
        { run: run.id, node: nodeId, key },
        'a node has run what was run here as well; its run is refused',
      );
      return 'unwanted';
    }
    // The fact that begins it is still on its way, also when its flow was disabled meanwhile: that begins nothing new, and
    // this has begun. Of a flow that is gone nobody waits for it any more.
    return flow?.removed_at === null ? 'later' : 'unwanted';
  }

  /** What the node has not done goes on here. */
  async #letGo({ id, job_id: jobId }: { id: Id; job_id: Id }, ours: boolean): Promise<void> {
    const { changes, performed } = this.#deps;
    await runChange(changes(), async (change) => {
      await change.ledger.lock([jobId]);
      const paused = change.ledger.jobs.get(jobId)?.intent === 'pause';
      const { rows } = await sql`
        UPDATE flow_run SET alone_open = false, alone_lost_at = NULL, alone_on = CASE WHEN ${ours} THEN NULL ELSE alone_on END
        WHERE id = ${id} AND alone_open RETURNING id
      `.execute(change.tx);
      if (rows.length === 0) return;
      await sql`UPDATE task SET paused = ${paused}, wait = NULL WHERE job_id = ${jobId} AND state = 'queued'`.execute(
        change.tx,
      );
      await performNow(change.tx, id, performed());
      await startLimits(change.tx, id, 'all');
      change.wake('task-ready');
    });
  }
}
