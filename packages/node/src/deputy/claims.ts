import { z } from 'zod';
import { writeDurably } from '../journal/durable-file.ts';
import { Journal } from '../journal/journal.ts';
import { formatLine } from '../journal/record-lines.ts';

/** `mine`: this node runs it, or has run it, by itself. `yours`: the control plane does, and the node never will. */
export type Claim = 'mine' | 'yours';

const ClaimRecord = z.object({
  key: z.string().min(1).max(300),
  claim: z.enum(['mine', 'yours']),
  /** The run of the node is over and told: there is nothing left of it, and nothing is missing. */
  told: z.literal(true).optional(),
  /** Milliseconds since 1970, by this machine's clock. */
  at: z.number(),
});
type ClaimRecord = z.infer<typeof ClaimRecord>;

/** Whoever asks about a key after so long asks about something that is long told. */
const keptMs = 60 * 24 * 3_600_000;
/** The file is written anew at the start when it has more records than this that nobody needs. */
const waste = 1_000;

/**
 * Who runs what a fact began: the node alone, or the control plane. The first to claim a key has it for good, and both
 * hear the same answer ever after, also when either died in the middle: a claim counts only once it is on the disk. There is
 * one way back: a node that has lost its run gives it to the control plane, and that is for good as well.
 */
export class Claims {
  readonly #journal: Journal;
  readonly #claims: Map<string, ClaimRecord>;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(journal: Journal, claims: Map<string, ClaimRecord>) {
    this.#journal = journal;
    this.#claims = claims;
  }

  static async open(path: string, now: number): Promise<Claims> {
    const { journal, records } = await Journal.open(path);
    const claims = new Map<string, ClaimRecord>();
    for (const record of records) {
      const { data } = ClaimRecord.safeParse(record);
      if (!data || now - data.at > keptMs) continue;
      // A second record of a key is there only where it was told, or given back.
      claims.set(data.key, data);
    }
    if (records.length - claims.size <= waste) return new Claims(journal, claims);
    await journal.close();
    await writeDurably(path, [...claims.values()].map(formatLine).join(''), 0o600);
    return new Claims((await Journal.open(path)).journal, claims);
  }

  /** Whose it is; undefined when nobody has claimed it. */
  of(key: string): Claim | undefined {
    return this.#claims.get(key)?.claim;
  }

  /** Whether the node had it, and has told all of it. */
  isTold(key: string): boolean {
    return this.#claims.get(key)?.told === true;
  }

  /** Claims a key for `by`, unless it is somebody's. @returns whose it is. Rejects when the disk doesn't take it */
  claim(key: string, by: Claim, now: number): Promise<Claim> {
    return this.#next(async () => {
      const before = this.#claims.get(key);
      if (before) return before.claim;
      await this.#write({ key, claim: by, at: now });
      return by;
    });
  }

  /** The control plane knows all of a run that is the node's. Rejects when the disk doesn't take it */
  told(key: string, now: number): Promise<void> {
    return this.#next(async () => {
      const before = this.#claims.get(key);
      if (before?.claim === 'mine' && !before.told)
        await this.#write({ key, claim: 'mine', told: true, at: now });
    });
  }

  /** The node has lost its run: the control plane has it from now on. Rejects when the disk doesn't take it */
  giveBack(key: string, now: number): Promise<Claim> {
    return this.#next(async (): Promise<Claim> => {
      await this.#write({ key, claim: 'yours', at: now });
      return 'yours';
    });
  }

  async #write(record: ClaimRecord): Promise<void> {
    await this.#journal.append(record);
    this.#claims.set(record.key, record);
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#journal.close();
  }
}
