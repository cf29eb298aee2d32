import { endingPhrases, type Id, PoolPolicy, reason } from '@backlot/contract';
import { sql } from 'kysely';
import { runChange } from '../tasks/change.ts';
import { queueDueTasks } from '../tasks/due.ts';
import { concludeAllocations, type Ending } from './conclude.ts';
import { resendAfterMs, sendOffers } from './offers.ts';
import type { ReportDeps } from './reports.ts';
import { lockAllocations, type OpenAllocation } from './rows.ts';

/** Rows that one sweep takes at most of each kind; the next one is a second away. */
const batch = 500;
/** A node that let an offer expire is not asked again for this task for a while, unless there is no other. */
const expiredAvoidMs = 30_000;

/**
 * What time itself changes, looked for every second by one replica: offers that nobody answered, unreachable work
 * whose class has waited long enough, processes that outlive their grace, back-offs that are over. Every step is a
 * transaction that looks again under its locks, so that two sweeps at once do nothing twice.
 *
 * Answers in how many milliseconds the next back-off is over, when one is running.
 */
export async function sweepAllocations(deps: ReportDeps, signal: AbortSignal): Promise<number | null> {
  const steps = [expireOffers, loseUnreachable, repeatOffers, repeatKills];
  for (const step of steps) {
    if (signal.aborted) return null;
    await step(deps);
  }
  if (signal.aborted) return null;
  return (await queueDueTasks(deps)).nextInMs;
}

interface Candidate {
  readonly id: Id;
  readonly job_id: Id | null;
}

/** Ends the candidates for which it is still true once they are locked. */
async function endWhen(
  deps: ReportDeps,
  candidates: readonly Candidate[],
  decide: (row: OpenAllocation) => Ending | undefined,
): Promise<void> {
  if (candidates.length === 0) return;
  await runChange(deps, async (change) => {
    await change.ledger.lock(candidates.map((row) => row.job_id));
    const locked = await lockAllocations(
      change.tx,
      candidates.map((row) => row.id),
    );
    const conclusions = locked.flatMap((allocation) => {
      const ending = allocation.state === 'ended' ? undefined : decide(allocation);
      return ending ? [{ allocation, ending }] : [];
    });
    await concludeAllocations(deps, change, conclusions);
  });
}

async function expireOffers(deps: ReportDeps): Promise<void> {
  const { rows } = await sql<Candidate>`
    SELECT id, job_id FROM allocation WHERE state = 'offered' AND offer_until < now()
    ORDER BY offer_until LIMIT ${batch}
  `.execute(deps.db);
  await endWhen(deps, rows, (row) =>
    row.state === 'offered'
      ? {
          outcome: 'expired',
          reason: reason(endingPhrases, 'end.expired', { node: row.node_name }),
          avoidMs: expiredAvoidMs,
        }
      : undefined,
  );
}

/**
 * Gives the work of unreachable nodes away, class by class: a viewer waits seconds, a render minutes, a recording is
 * left alone the longest because the node goes on recording. The time starts when the node's lease was missed.
 */
async function loseUnreachable(deps: ReportDeps): Promise<void> {
  const { rows } = await sql<
    Candidate & { class: keyof PoolPolicy['lostAfterMs']; policy: unknown; away_ms: number }
  >`
    SELECT a.id, a.job_id, a.class, p.policy,
           extract(epoch FROM now() - n.unreachable_since)::float8 * 1000 AS away_ms
    FROM allocation a JOIN node n ON n.id = a.node_id JOIN pool p ON p.name = n.pool
    WHERE a.state = 'unknown' AND n.state = 'unreachable' AND n.unreachable_since IS NOT NULL
    ORDER BY n.unreachable_since, a.id LIMIT ${batch}
  `.execute(deps.db);
  const policies = new Map<unknown, PoolPolicy>();
  const due = rows.filter((row) => {
    const key = JSON.stringify(row.policy);
    const policy = policies.get(key) ?? PoolPolicy.safeParse(row.policy).data ?? PoolPolicy.parse({});
    policies.set(key, policy);
    return row.away_ms >= policy.lostAfterMs[row.class];
  });
  await endWhen(deps, due, (row) =>
    row.state === 'unknown'
      ? {
          outcome: row.stop_why === 'canceled' ? 'canceled' : 'lost',
          reason: reason(endingPhrases, 'end.lost', { node: row.node_name }),
        }
      : undefined,
  );
}

async function repeatOffers(deps: ReportDeps): Promise<void> {
  const { rows } = await sql<{ id: Id }>`
    SELECT id FROM allocation WHERE state = 'offered' AND offer_until > now()
      AND offered_at < now() - ${resendAfterMs}::float8 * interval '1 millisecond'
    ORDER BY offer_until LIMIT ${batch}
  `.execute(deps.db);
  await sendOffers(
    deps,
    rows.map((row) => row.id),
  );
}

/** What they hold is not given back before the node confirms: the process may well be running. */
async function repeatKills(deps: ReportDeps): Promise<void> {
  const { rows } = await sql<{ id: Id; fence: number; node_id: Id }>`
    SELECT id, fence, node_id FROM allocation WHERE state = 'stopping' AND stop_at < now()
    ORDER BY stop_at LIMIT ${batch}
  `.execute(deps.db);
  for (const row of rows) {
    deps.nodes().send(row.node_id, 'stop', {
      allocation: row.id,
      fence: row.fence,
      graceMs: 0,
      why: 'canceled',
    });
  }
  if (rows.length === 0) return;
  // Once in five seconds for each is enough.
  await sql`
    UPDATE allocation SET stop_at = now() + interval '5 seconds'
    WHERE id = ANY(${rows.map((row) => row.id)}::uuid[]) AND state = 'stopping'
  `.execute(deps.db);
}
