import type { Output } from '@backlot/contract';
import { sql } from 'kysely';
import type { Tx } from '../db/schema.ts';
import type { Change } from '../tasks/change.ts';
import type { TaskSummary } from '../workload.ts';

/** The tasks of a job as its workload sees them when it says what follows. */
export interface Summaries {
  /** As this transaction sees them. The job is locked. */
  load(change: Change, jobId: string): Promise<readonly TaskSummary[]>;
}

/** Below this it is quicker to read everything than to remember anything. */
const smallJob = 100;
const rememberedJobs = 16;

interface Remembered {
  /** `xmin` of the job's row: the transaction that changed it last. */
  readonly version: string;
  readonly tasks: Map<string, TaskSummary>;
}

/**
 * Reads summaries, and remembers those of large jobs. Whatever changes a task renews its job's row in the same
 * transaction (`Ledger`), so the row's `xmin` tells whether what is remembered still holds, whichever replica wrote
 * last. Then only the tasks of the present transaction are read: a job of 10,000 tasks whose every end asks for all
 * of them would otherwise read a hundred million rows.
 */
export function createSummaries(): Summaries {
  const memory = new Map<string, Remembered>();

  return {
    async load(change, jobId) {
      const { tx, ledger } = change;
      const total = Object.values(ledger.job(jobId).counts).reduce((sum, n) => sum + n, 0);
      if (total < smallJob) return [...(await read(tx, jobId)).values()];

      const version = ledger.versionOf(jobId);
      const known = memory.get(jobId);
      const touched = [...ledger.touched(jobId)];
      let tasks: Map<string, TaskSummary>;
      if (known && version !== undefined && known.version === version) {
        tasks = new Map(known.tasks);
        for (const [id, task] of await read(tx, jobId, touched)) tasks.set(id, task);
      } else {
        tasks = await read(tx, jobId);
      }
      // Right until the next change of this transaction; it is read anew then, because it will be among the touched.
      change.afterCommit(() => {
        const written = ledger.writtenVersion;
        memory.delete(jobId);
        if (written === undefined) return;
        const later = [...ledger.touched(jobId)].some((id) => !touched.includes(id));
        if (later) return;
        memory.set(jobId, { version: written, tasks });
        const oldest = memory.keys().next().value;
        if (memory.size > rememberedJobs && oldest !== undefined) memory.delete(oldest);
      });
      return [...tasks.values()];
    },
  };
}

type Row = Omit<TaskSummary, 'outputs'> & { readonly outputs: Output[] | null };

/** Without what live tasks hold: a recording's segments are far too many, and their events tell of them. */
async function read(tx: Tx, jobId: string, only?: readonly string[]): Promise<Map<string, TaskSummary>> {
  const { rows } = await sql<Row>`
    SELECT t.id, t.key, t.kind, t.state, t.spec->'parameters' AS parameters, t.result, t.failure, a.usage, o.outputs
    FROM task t
    LEFT JOIN LATERAL (
      SELECT usage FROM allocation WHERE task_id = t.id AND outcome = 'ok' LIMIT 1
    ) a ON t.state = 'succeeded'
    LEFT JOIN LATERAL (
      SELECT json_agg(json_build_object('name', name, 'kind', kind, 'digest', digest, 'size', size,
                                        'mediaType', media_type, 'meta', meta) ORDER BY name) AS outputs
      FROM artifact WHERE task_id = t.id AND deleted_at IS NULL AND (stored OR t.class <> 'live')
    ) o ON true
    WHERE t.job_id = ${jobId} ${only ? sql`AND t.id = ANY(${only}::uuid[])` : sql``}
    ORDER BY t.id
  `.execute(tx);
  return new Map(rows.map((row) => [row.id, { ...row, outputs: row.outputs ?? [] }]));
}
