import { type FileHandle, open } from 'node:fs/promises';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

/** A file that this node holds, by one of its names. */
export interface HeldFile {
  readonly digest: string;
  readonly size: number;
  readonly task: string;
  readonly name: string;
  readonly allocation: string;
  readonly kind: string;
  readonly mediaType: string;
  readonly meta: Record<string, unknown>;
  /** Milliseconds since 1970, by this node's clock. */
  readonly since: number;
}
export type HoldingState = 'held' | 'trashed';
export interface Holding {
  readonly digest: string;
  readonly size: number;
  readonly state: HoldingState;
  readonly since: number;
  readonly trashedAt: number | null;
}
/** Something that an allocation has to tell the control plane, as JSON. */
export interface Letter {
  readonly allocation: string;
  readonly fence: number;
  readonly body: string;
}
/** Letters of one allocation, oldest first, as far as they fit into one message. */
export interface Bundle {
  readonly allocation: string;
  readonly fence: number;
  /** Number of the last of them. */
  readonly last: number;
  readonly bodies: readonly string[];
}
export interface Amount {
  readonly files: number;
  readonly bytes: number;
}

const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS holding (
    digest TEXT PRIMARY KEY, size INTEGER NOT NULL, state TEXT NOT NULL, since INTEGER NOT NULL, trashed_at INTEGER
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS holding_trash ON holding (trashed_at) WHERE state = 'trashed';
  CREATE TABLE IF NOT EXISTS name (
    task TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL, allocation TEXT NOT NULL, kind TEXT NOT NULL,
    media_type TEXT NOT NULL, meta TEXT NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (task, name)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS name_digest ON name (digest);
  CREATE TABLE IF NOT EXISTS letter (
    number INTEGER PRIMARY KEY AUTOINCREMENT, allocation TEXT NOT NULL, fence INTEGER NOT NULL, body TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS letter_allocation ON letter (allocation, number);
`;

interface Write {
  readonly run: () => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * What this node holds and what it has not told yet, in SQLite: hundreds of channels leave millions of segments, which
 * is too much for memory, and days without a control plane leave as many letters.
 *
 * Writes that come while one is being brought to the disk go together with one sync. The sync is ours: SQLite's own
 * would stand in the way of everything else in this process. In WAL mode a commit is whole on the disk as soon as the
 * log is (https://sqlite.org/wal.html), so the log is synced beside the event loop, and nothing counts before.
 */
export class HoldingLedger {
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #statements = new Map<string, StatementSync>();
  readonly #totals: Record<HoldingState, { files: number; bytes: number }>;
  #log: FileHandle | undefined;
  #waiting: Write[] = [];
  #writing: Promise<void> | undefined;
  #closed = false;

  private constructor(path: string, database: DatabaseSync) {
    this.#path = path;
    this.#database = database;
    this.#totals = { held: { files: 0, bytes: 0 }, trashed: { files: 0, bytes: 0 } };
    const rows = this.#all(
      'SELECT state, count(*) AS files, coalesce(sum(size), 0) AS bytes FROM holding GROUP BY state',
    );
    for (const { state, files, bytes } of rows) {
      this.#totals[state as HoldingState] = { files: Number(files), bytes: Number(bytes) };
    }
  }

  /** Opens a ledger, or makes an empty one. @throws SQLite's error when the file is none */
  static open(path: string): HoldingLedger {
    const database = new DatabaseSync(path);
    try {
      database.exec(schema);
      return new HoldingLedger(path, database);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  total(state: HoldingState): Amount {
    return this.#totals[state];
  }

  find(digest: string): Holding | undefined {
    const [row] = this.#all('SELECT * FROM holding WHERE digest = ?', digest);
    return row && toHolding(row);
  }

  /** The digest of what a task holds under a name. */
  named(task: string, name: string): string | undefined {
    return this.#all('SELECT digest FROM name WHERE task = ? AND name = ?', task, name)[0]?.digest as
      | string
      | undefined;
  }

  /** All that is held of a task, by name; not what is in the trash. */
  ofTask(task: string): HeldFile[] {
    return this.#all(
      `SELECT name.*, holding.size AS size FROM name JOIN holding USING (digest)
       WHERE task = ? AND state = 'held' ORDER BY name`,
      task,
    ).map((row) => ({
      digest: String(row.digest),
      size: Number(row.size),
      task: String(row.task),
      name: String(row.name),
      allocation: String(row.allocation),
      kind: String(row.kind),
      mediaType: String(row.media_type),
      meta: JSON.parse(String(row.meta)) as Record<string, unknown>,
      since: Number(row.since),
    }));
  }

  /** Writes down files, and letters that tell of them, all or nothing. Resolves when they are on the disk. */
  keep(files: readonly HeldFile[], letters: readonly Letter[]): Promise<void> {
    return this.#write(() => {
      for (const file of files) this.#keep(file);
      for (const { allocation, fence, body } of letters) {
        this.#run('INSERT INTO letter (allocation, fence, body) VALUES (?, ?, ?)', allocation, fence, body);
      }
    });
  }

  /** Writes down bytes of which only the disk knew, without a name. */
  adopt(digest: string, size: number, since: number): Promise<void> {
    return this.#write(() => {
      if (this.find(digest)) return;
      this.#run(`INSERT INTO holding VALUES (?, ?, 'held', ?, NULL)`, digest, size, since);
      this.#count('held', 1, size);
    });
  }

  setState(digest: string, state: HoldingState, at: number): Promise<void> {
    return this.#write(() => {
      const before = this.find(digest);
      if (!before || before.state === state) return;
      const trashedAt = state === 'trashed' ? at : null;
      this.#run('UPDATE holding SET state = ?, trashed_at = ? WHERE digest = ?', state, trashedAt, digest);
      this.#count(before.state, -1, before.size);
      this.#count(state, 1, before.size);
    });
  }

  /** The file is gone, with all its names. @param state only when it is still so */
  forget(digest: string, state?: HoldingState): Promise<void> {
    return this.#write(() => {
      const before = this.find(digest);
      if (!before || (state !== undefined && before.state !== state)) return;
      this.#run('DELETE FROM holding WHERE digest = ?', digest);
      this.#run('DELETE FROM name WHERE digest = ?', digest);
      this.#count(before.state, -1, before.size);
    });
  }

  /** What went into the trash before a moment; at most 500 of it. */
  trashedBefore(at: number): Holding[] {
    return this.#all(
      `SELECT * FROM holding WHERE state = 'trashed' AND trashed_at < ? ORDER BY trashed_at LIMIT 500`,
      at,
    ).map(toHolding);
  }

  /** How many letters each allocation has. */
  waiting(): Map<string, number> {
    const rows = this.#all('SELECT allocation, count(*) AS letters FROM letter GROUP BY allocation');
    return new Map(rows.map((row) => [String(row.allocation), Number(row.letters)]));
  }

  /** The oldest letters of an allocation, of one fence, until one has so many characters; at least one if there is any. */
  bundle(
    allocation: string,
    most: { readonly letters: number; readonly characters: number },
  ): Bundle | undefined {
    const rows = this.#all(
      'SELECT number, fence, body FROM letter WHERE allocation = ? ORDER BY number LIMIT ?',
      allocation,
      most.letters,
    );
    const [first] = rows;
    if (!first) return undefined;
    const bodies: string[] = [];
    let last = 0;
    let characters = 0;
    for (const row of rows) {
      const body = String(row.body);
      if (row.fence !== first.fence || (bodies.length > 0 && characters + body.length > most.characters))
        break;
      characters += body.length;
      bodies.push(body);
      last = Number(row.number);
    }
    return { allocation, fence: Number(first.fence), last, bodies };
  }

  /** Letters in which a text occurs, oldest first. Looks at all of them. */
  lettersWith(text: string): { readonly allocation: string; readonly body: string }[] {
    const rows = this.#all(
      'SELECT allocation, body FROM letter WHERE instr(body, ?) > 0 ORDER BY number LIMIT 10000',
      text,
    );
    return rows.map(({ allocation, body }) => ({ allocation: String(allocation), body: String(body) }));
  }

  /** Letters up to a number have been answered. */
  async drop({ allocation, last }: Pick<Bundle, 'allocation' | 'last'>): Promise<void> {
    await this.#write(() =>
      this.#run('DELETE FROM letter WHERE allocation = ? AND number <= ?', allocation, last),
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#writing;
    await this.#log?.close();
    this.#statements.clear();
    this.#database.close();
  }

  #keep(file: HeldFile): void {
    const { digest, size, task, name, allocation, kind, mediaType, meta, since } = file;
    const before = this.find(digest);
    if (!before) {
      this.#run(`INSERT INTO holding VALUES (?, ?, 'held', ?, NULL)`, digest, size, since);
      this.#count('held', 1, size);
    } else if (before.state === 'trashed') {
      this.#run(`UPDATE holding SET state = 'held', trashed_at = NULL WHERE digest = ?`, digest);
      this.#count('trashed', -1, before.size);
      this.#count('held', 1, before.size);
    }
    const values = [task, name, digest, allocation, kind, mediaType, JSON.stringify(meta), since];
    this.#run('INSERT OR REPLACE INTO name VALUES (?, ?, ?, ?, ?, ?, ?, ?)', ...values);
  }

  #count(state: HoldingState, files: 1 | -1, size: number): void {
    this.#totals[state].files += files;
    this.#totals[state].bytes += files * size;
  }

  #write(run: () => void): Promise<void> {
    if (this.#closed) return Promise.reject(new Error('The ledger of what this node holds is closed.'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ run, resolve, reject });
      this.#writing ??= this.#writeAll().finally(() => {
        this.#writing = undefined;
      });
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      // What comes in this turn of the event loop goes along.
      await new Promise((resolve) => setImmediate(resolve));
      const batch = this.#waiting;
      this.#waiting = [];
      const before = structuredClone(this.#totals);
      try {
        this.#database.exec('BEGIN IMMEDIATE');
        for (const { run } of batch) run();
        this.#database.exec('COMMIT');
        await this.#sync();
        for (const { resolve } of batch) resolve();
      } catch (error) {
        if (this.#database.isTransaction) {
          this.#database.exec('ROLLBACK');
          Object.assign(this.#totals, before);
        }
        for (const { reject } of batch) reject(error);
      }
    }
  }

  async #sync(): Promise<void> {
    this.#log ??= await open(`${this.#path}-wal`, 'r+');
    await this.#log.datasync();
  }

  #run(text: string, ...values: (string | number | null)[]): void {
    this.#statement(text).run(...values);
  }

  #all(text: string, ...values: (string | number)[]): Record<string, unknown>[] {
    return this.#statement(text).all(...values) as Record<string, unknown>[];
  }

  #statement(text: string): StatementSync {
    let statement = this.#statements.get(text);
    if (!statement) {
      statement = this.#database.prepare(text);
      this.#statements.set(text, statement);
    }
    return statement;
  }
}

function toHolding(row: Record<string, unknown>): Holding {
  return {
    digest: String(row.digest),
    size: Number(row.size),
    state: row.state as HoldingState,
    since: Number(row.since),
    trashedAt: row.trashed_at === null ? null : Number(row.trashed_at),
  };
}
