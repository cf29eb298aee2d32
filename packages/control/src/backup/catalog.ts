import type pg from 'pg';
import type { SequenceState } from './manifest.ts';

/** A table with the columns that are copied. */
export interface CopiedTable {
  readonly name: string;
  readonly columns: readonly string[];
}

/** A foreign key, and how to make it again. */
export interface ForeignKey {
  readonly table: string;
  readonly name: string;
  readonly definition: string;
}

/**
 * Tables whose rows mean nothing elsewhere: `leader` tells who leads now, and `migration` follows from the
 * migrations that a restore runs.
 */
const LEFT_OUT = ['leader', 'migration'];

/**
 * The tables of our schema and their columns, without generated ones and without transaction ids: those count
 * the transactions of one server and would lie in the future of another, whereas their default is the restoring
 * transaction itself.
 */
export async function copiedTables(client: pg.ClientBase): Promise<CopiedTable[]> {
  const { rows } = await client.query<CopiedTable>(
    `SELECT c.relname AS name,
        array_agg(a.attname::text ORDER BY a.attnum)
          FILTER (WHERE a.attgenerated = '' AND a.atttypid <> 'xid8'::regtype) AS columns
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> ALL ($1)
      GROUP BY c.relname ORDER BY c.relname`,
    [LEFT_OUT],
  );
  return rows;
}

/** How many tables there are, whatever they are; an empty database has none. */
export async function countTables(client: pg.ClientBase): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_class
      WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')`,
  );
  return rows[0]?.count ?? 0;
}

export async function foreignKeys(client: pg.ClientBase): Promise<ForeignKey[]> {
  const { rows } = await client.query<ForeignKey>(
    `SELECT conrelid::regclass::text AS table, quote_ident(conname) AS name, pg_get_constraintdef(oid) AS definition
      FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace ORDER BY 1, 2`,
  );
  return rows;
}

export async function sequenceStates(client: pg.ClientBase): Promise<SequenceState[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT sequencename AS name FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1`,
  );
  const states: SequenceState[] = [];
  for (const { name } of rows) {
    const { rows: state } = await client.query<{ value: string; called: boolean }>(
      `SELECT last_value AS value, is_called AS called FROM ${client.escapeIdentifier(name)}`,
    );
    if (state[0]) states.push({ name, value: Number(state[0].value), called: state[0].called });
  }
  return states;
}

/** `COPY` of a table's columns, in the text format: it is the same for every server version. */
export function copyStatement(
  client: pg.ClientBase,
  table: CopiedTable,
  direction: 'TO STDOUT' | 'FROM STDIN',
): string {
  const columns = table.columns.map((column) => client.escapeIdentifier(column)).join(', ');
  return `COPY ${client.escapeIdentifier(table.name)} (${columns}) ${direction}`;
}
