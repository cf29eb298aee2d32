import { ChangedHoldings as Changed, type ChangedHoldings } from '@backlot/contract';
import { holdingsMethods } from '@backlot/contract/holdings';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { Store } from '../../db/database.ts';
import type { Tx } from '../../db/schema.ts';
import type { EventLog, NodeLinks } from '../../kernel.ts';
import { loseHoldings } from './lose-holdings.ts';

export interface TellHoldersDependencies {
  readonly store: Store;
  readonly nodes: () => Pick<NodeLinks, 'connected' | 'call'>;
  readonly events: Pick<EventLog, 'append'>;
  readonly log: Logger;
  /** Fails when another process has taken over. */
  readonly guard: (tx: Tx) => Promise<void>;
  /** After it, what was put into a node's trash is gone there. Milliseconds. */
  readonly graceMs: number;
}

const BATCH = 200;
const CALL_MS = 30_000;
/** A node that is away, or needs a file still, is asked again after this long. */
const AGAIN = '30 seconds';

interface Due {
  readonly node_id: string;
  readonly digest: string;
  readonly state: 'trashing' | 'restoring';
  /** By the database's clock. */
  readonly asked_at: string;
}

/**
 * Tells nodes what to throw away and what to take back, again and again until they say that they did. @returns how many
 * files were settled
 */
export async function tellHolders(deps: TellHoldersDependencies, signal: AbortSignal): Promise<number> {
  await discardUnwanted(deps);
  await takeBackWanted(deps);
  await forgetEmptied(deps);
  const { rows } = await sql<Due>`
    SELECT node_id, digest, state, now()::text AS asked_at FROM artifact_holder
    WHERE state IN ('trashing', 'restoring') AND ask_at <= now()
      AND (state = 'restoring' OR NOT EXISTS (
        SELECT FROM artifact WHERE artifact.digest = artifact_holder.digest AND deleted_at IS NULL))
    ORDER BY ask_at LIMIT ${BATCH * 5}
  `.execute(deps.store.db);
  let settled = 0;
  for (const [nodeId, due] of Map.groupBy(rows, (row) => row.node_id)) {
    for (const state of ['trashing', 'restoring'] as const) {
      signal.throwIfAborted();
      const same = due.filter((row) => row.state === state);
      for (let at = 0; at < same.length; at += BATCH) {
        settled += await ask(deps, nodeId, state, same.slice(at, at + BATCH));
      }
    }
  }
  return settled;
}

async function ask(
  { store, nodes, events, log }: TellHoldersDependencies,
  nodeId: string,
  state: Due['state'],
  due: readonly Due[],
): Promise<number> {
  const digests = due.map(({ digest }) => digest);
  const askedAt = due[0]?.asked_at ?? '';
  let answer: ChangedHoldings = { holdings: [] };
  if (nodes().connected(nodeId)) {
    try {
      const method = state === 'trashing' ? holdingsMethods.trash : holdingsMethods.restore;
      const payload = { digests };
      answer = Changed.parse(
        await nodes().call(nodeId, { allocation: nodeId, method, payload, deadlineMs: CALL_MS }),
      );
    } catch (error) {
      log.debug({ err: error, nodeId, files: digests.length }, 'a node did not answer about its files');
    }
  }
  const said = (word: string) =>
    answer.holdings.filter((holding) => holding.state === word).map(({ digest }) => digest);
  const done = state === 'trashing' ? said('trashed') : said('held');
  const next = state === 'trashing' ? 'trashed' : 'held';
  await store.transaction(async (tx) => {
    // Only those that are still wanted so: they may have been taken back meanwhile.
    await sql`
      UPDATE artifact_holder SET state = ${next}, since = now()
      WHERE node_id = ${nodeId} AND digest = ANY(${done}) AND state = ${state}
    `.execute(tx);
    await loseHoldings(tx, events, { nodeId, digests: said('gone'), state, askedAt });
    await sql`
      UPDATE artifact_holder SET ask_at = now() + ${AGAIN}::interval
      WHERE node_id = ${nodeId} AND digest = ANY(${digests}) AND state = ${state}
    `.execute(tx);
  });
  return done.length + said('gone').length;
}

/**
 * Whatever way an artifact has gone (its retention, its job, by hand, other bytes of a later attempt in its place): what
 * nobody refers to any more need not be held.
 */
async function discardUnwanted({ store, guard }: TellHoldersDependencies): Promise<void> {
  await store.transaction(async (tx) => {
    await guard(tx);
    await sql`
      UPDATE artifact_holder SET state = 'trashing', since = now(), ask_at = now()
      WHERE state = 'held' AND NOT EXISTS (
        SELECT FROM artifact WHERE artifact.digest = artifact_holder.digest AND deleted_at IS NULL
      ) AND NOT EXISTS (
        SELECT FROM task, jsonb_array_elements(task.spec -> 'inputs') AS input
        WHERE task.state NOT IN ('succeeded', 'failed', 'canceled') AND input ->> 'digest' = artifact_holder.digest)
    `.execute(tx);
  });
}

/** Bytes of which there is a new artifact, made while the node was told to throw them away: it keeps them. */
async function takeBackWanted({ store, guard }: TellHoldersDependencies): Promise<void> {
  await store.transaction(async (tx) => {
    await guard(tx);
    await sql`
      UPDATE artifact_holder SET state = 'restoring', since = now(), ask_at = now()
      WHERE state IN ('trashing', 'trashed') AND EXISTS (
        SELECT FROM artifact WHERE artifact.digest = artifact_holder.digest AND deleted_at IS NULL)
    `.execute(tx);
  });
}

/** After the grace the node has emptied its trash, whether or not it can be reached to say so. */
async function forgetEmptied({ store, guard, graceMs }: TellHoldersDependencies): Promise<void> {
  await store.transaction(async (tx) => {
    await guard(tx);
    await sql`
      DELETE FROM artifact_holder
      WHERE state = 'trashed' AND since < now() - ${graceMs} * interval '1 millisecond' - interval '5 minutes'
    `.execute(tx);
  });
}
