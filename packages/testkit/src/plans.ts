import { type CompiledQuery, Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';

/** What PostgreSQL has read of one table for a question, over all of its loops. */
export interface TableRead {
  readonly table: string;
  /** `Seq Scan`, `Index Scan`, … */
  readonly how: string;
  readonly index: string | null;
  /** Rows that were looked at: those that were of use, and those that were thrown away. */
  readonly rows: number;
}

export interface Plans<Tables> {
  readonly db: Kysely<Tables>;
  /** Asks what some work has asked once more, and answers what each question read of the tables. */
  of(work: () => Promise<unknown>): Promise<TableRead[]>;
  close(): Promise<void>;
}

interface Node {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly Plans?: readonly Node[];
}

/** A connection whose questions can be explained by PostgreSQL itself: for tests of what a list costs. */
export function openPlans<Tables>(url: string): Plans<Tables> {
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  let asked: CompiledQuery[] | undefined;
  const db = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool }),
    log: ({ query }) => void asked?.push(query),
  });
  return {
    db,
    async of(work) {
      asked = [];
      await work();
      const questions = asked.filter(({ sql }) => /^\s*(select|with)/i.test(sql));
      asked = undefined;
      const reads: TableRead[] = [];
      for (const { sql, parameters } of questions) {
        const { rows } = await pool.query<{ 'QUERY PLAN': { readonly Plan: Node }[] }>(
          `EXPLAIN (ANALYZE, FORMAT JSON) ${sql}`,
          [...parameters],
        );
        for (const { Plan } of rows[0]?.['QUERY PLAN'] ?? []) reads.push(...readsOf(Plan));
      }
      return reads;
    },
    close: () => db.destroy(),
  };
}

function readsOf(node: Node): TableRead[] {
  const inner = (node.Plans ?? []).flatMap(readsOf);
  const table = node['Relation Name'];
  if (table === undefined) {
    // Below the scan of a table, whose rows it gives.
    return inner;
  }
  const each =
    node['Actual Rows'] +
    (node['Rows Removed by Filter'] ?? 0) +
    (node['Rows Removed by Index Recheck'] ?? 0);
  const index = node['Index Name'] ?? node.Plans?.find((one) => one['Index Name'])?.['Index Name'] ?? null;
  return [{ table, how: node['Node Type'], index, rows: Math.round(each * node['Actual Loops']) }, ...inner];
}
