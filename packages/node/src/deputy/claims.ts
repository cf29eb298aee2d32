import { z } from 'zod';
import { writeDurably } from '../journal/durable-file.ts';
import { Journal } from '../journal/journal.ts';
import { formatLine } from '../journal/record-lines.ts';

/** `mine`: this node runs it, or has run it, by itself. `yours`: the control plane does, and the node never will. */
export type Claim = 'mine' | 'yours';

const ClaimRecord = z.object({
  key: z.string().min(1).max(300),
  claim: z.enum(['mine', 'yours']),
  /** Milliseconds since 1970, by this machine's clock. */
  at: z.number(),
});

/** Whoever asks about a key after so long asks about something that is long told. */
const keptMs = 60 * 24 * 3_600_000;
/** The file is written anew at the start when it has more records than this that nobody needs. */
const waste = 1_000;

/**
 * Who runs what a fact began: the node alone, or the control plane. The first to claim a key has it for good, and both
 * hear the same answer ever after, also when either died in the middle: a claim counts only once it is on the disk.
 */
export class Claims {
  readonly #journal: Journal;
  readonly #claims: Map<string, Claim>;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(journal: Journal, claims: Map<string, Claim>) {
    this.#journal = journal;
    this.#claims = claims;
  }

  static async open(path: string, now: number): Promise<Claims> {
    const { journal, records } = await Journal.open(path);
    const claims = new Map<string, Claim>();
    const kept: unknown[] = [];
    for (const record of records) {
      const parsed = ClaimRecord.safeParse(record);
      if (!parsed.success || claims.has(parsed.data.key) || now - parsed.data.at > keptMs) continue;
      claims.set(parsed.data.key, parsed.data.claim);
      kept.push(parsed.data);
    }
    if (records.length - kept.length <= waste) return new Claims(journal, claims);
    await journal.close();
    await writeDurably(path, kept.map(formatLine).join(''), 0o600);
    return new Claims((await Journal.open(path)).journal, claims);
  }

  /** Whose it is; undefined when nobody has claimed it. */
  of(key: string): Claim | undefined {
    return this.#claims.get(key);
  }

  /** Claims a key for `by`, unless it is somebody's. @returns whose it is. Rejects when the disk doesn't take it */
  claim(key: string, by: Claim, now: number): Promise<Claim> {
    const turn = this.#turn.then(async () => {
      const before = this.#claims.get(key);
      if (before) return before;
      await this.#journal.append({ key, claim: by, at: now } satisfies z.infer<typeof ClaimRecord>);
      this.#claims.set(key, by);
      return by;
    });
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#journal.close();
  }
}
