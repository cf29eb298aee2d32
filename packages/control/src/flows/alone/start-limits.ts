import type { FlowDefinition, Id } from '@backlot/contract';
import { durationMs } from '@backlot/contract/flow/duration';
import { sql } from 'kysely';
import type { Tx } from '../../db/schema.ts';

/**
 * Begins the time limits of steps that go on here from now on. While a node had them, theirs ran on the node and nowhere
 * else: were both sides to say when a step took too long, each could go on by another branch. A limit that runs is left as
 * it is.
 *
 * @param tasks those that go on here, besides what the control plane performs; `all` when the node has no part in the run
 */
export async function startLimits(tx: Tx, runId: Id, tasks: readonly Id[] | 'all'): Promise<void> {
  const { rows } = await sql<{ definition: FlowDefinition }>`
    SELECT v.definition FROM flow_run r JOIN flow_version v ON v.id = r.version_id WHERE r.id = ${runId}
  `.execute(tx);
  const limits = (rows[0]?.definition.steps ?? []).flatMap(({ id, timeLimit }) => {
    const ms = timeLimit === undefined ? undefined : durationMs(timeLimit);
    return ms === undefined ? [] : [{ step: id, ms }];
  });
  if (limits.length === 0) return;
  await sql`
    UPDATE flow_step s SET deadline_at = now() + l.ms * interval '1 millisecond'
    FROM jsonb_to_recordset(${JSON.stringify(limits)}::jsonb) AS l(step text, ms float8)
    WHERE s.run_id = ${runId} AND s.step = l.step AND s.state = 'running' AND s.deadline_at IS NULL
      AND (s.perform_at IS NOT NULL
        OR s.task_id IS NOT NULL AND (${tasks === 'all'} OR s.task_id = ANY(${tasks === 'all' ? [] : [...tasks]}::uuid[])))
  `.execute(tx);
}
