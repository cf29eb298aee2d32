import type { Id, Offer, TaskDraft } from '@backlot/contract';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { Db } from '../db/schema.ts';
import type { AllocationTokens, Artifacts, NodeLinks } from '../kernel.ts';

/** Time that a node has to answer an offer, in milliseconds; then the task goes to another. */
export const offerMs = 10_000;
/** An offer that was not answered is sent again after this long, as long as it holds. */
export const resendAfterMs = 1_500;

export interface OfferDeps {
  readonly db: Db;
  readonly tokens: AllocationTokens;
  readonly artifacts: Pick<Artifacts, 'committed'>;
  readonly nodes: () => NodeLinks;
  /** What a kind of task puts under `parameters.secrets` of its offers; undefined for kinds that have none. */
  readonly dress: (
    kind: string,
    parameters: Readonly<Record<string, unknown>>,
    projectId: Id,
  ) => Promise<Record<string, unknown> | undefined>;
  readonly log: Logger;
}

interface OfferRow {
  readonly allocation: Id;
  readonly fence: number;
  readonly node_id: Id;
  readonly task: Id;
  readonly job: Id | null;
  readonly project: Id;
  readonly class: Offer['class'];
  readonly resources: Offer['resources'];
  readonly attempt: number;
  readonly left_ms: number;
  readonly tried_before: boolean;
  readonly spec: TaskDraft;
}

/**
 * Sends offers to nodes, from what the database says: the same for one that was placed a moment ago and for one
 * that has to be repeated. Answers the ids that could be handed to a link. A node knows a repeated offer by its id.
 */
export async function sendOffers(deps: OfferDeps, allocationIds: readonly Id[]): Promise<Id[]> {
  if (allocationIds.length === 0) return [];
  const { rows } = await sql<OfferRow>`
    SELECT a.id AS allocation, a.fence, a.node_id, a.task_id AS task, a.job_id AS job, a.project_id AS project,
           a.class, a.resources, a.attempt, t.spec,
           extract(epoch FROM a.offer_until - now())::float8 * 1000 AS left_ms,
           EXISTS (SELECT 1 FROM allocation b WHERE b.task_id = a.task_id AND b.id <> a.id) AS tried_before
    FROM allocation a JOIN task t ON t.id = a.task_id
    WHERE a.id = ANY(${allocationIds}::uuid[]) AND a.state = 'offered' AND a.offer_until > now()
  `.execute(deps.db);
  const sent: Id[] = [];
  for (const row of rows) {
    const offer = await makeOffer(deps, row).catch((error: unknown) => {
      // One task whose secrets can't be had now must not hold up the others; the sweep comes back to it.
      deps.log.warn({ err: error, allocation: row.allocation, kind: row.spec.kind }, 'an offer was not made');
      return undefined;
    });
    if (!offer) continue;
    if (deps.nodes().send(row.node_id, 'offer', offer)) sent.push(row.allocation);
    else deps.log.debug({ allocation: row.allocation, node: row.node_id }, 'no link for an offer');
  }
  return sent;
}

async function makeOffer(deps: OfferDeps, row: OfferRow): Promise<Offer> {
  const { kind, parameters } = row.spec;
  const secrets = await deps.dress(kind, parameters, row.project);
  const token = await deps.tokens.issue({
    allocation: row.allocation,
    fence: row.fence,
    nodeId: row.node_id,
    projectId: row.project,
  });
  return {
    allocation: row.allocation,
    fence: row.fence,
    task: row.task,
    job: row.job,
    project: row.project,
    kind,
    class: row.class,
    parameters: secrets === undefined ? parameters : { ...parameters, secrets },
    resources: row.resources,
    inputs: row.spec.inputs,
    limits: row.spec.limits,
    host: row.spec.host ?? null,
    attempt: row.attempt,
    committed: row.tried_before ? await deps.artifacts.committed(deps.db, row.task) : [],
    token,
    deadlineMs: Math.max(1, Math.floor(row.left_ms)),
  };
}
