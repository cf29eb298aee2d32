import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ledger } from '../ledger/ledger.ts';
import type { LedgerFact, SegmentOutput } from '../ledger/rows.ts';

/** How the agent is told; resolves when it has written it down, rejects when it can make no sense of it. */
export type TellAgent = (report: {
  readonly outputs: readonly SegmentOutput[];
  readonly events: readonly LedgerFact[];
}) => Promise<void>;

/** Things told at once; the protocol takes 200. */
const AT_ONCE = 100;

/** Tells the agent what the ledger has to tell, in order, until all of it is told. What is told is told once more after a crash. */
export class Reporter {
  readonly #ledger: Ledger;
  readonly #tell: TellAgent;
  readonly #workDir: string;
  readonly #log: (message: string, details?: Record<string, unknown>) => void;
  #working: Promise<void> | undefined;

  constructor(parts: {
    ledger: Ledger;
    tell: TellAgent;
    workDir: string;
    log: (message: string, details?: Record<string, unknown>) => void;
  }) {
    this.#ledger = parts.ledger;
    this.#tell = parts.tell;
    this.#workDir = parts.workDir;
    this.#log = parts.log;
  }

  /** There is something new. */
  kick(): void {
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  /** Resolves when everything is told. */
  async flushed(): Promise<void> {
    this.kick();
    await this.#working;
  }

  async #work(): Promise<void> {
    for (;;) {
      const { outputs, facts } = this.#ledger.state;
      const some = outputs.slice(0, AT_ONCE);
      // A fact never overtakes a segment: the end of a broadcast is told when all of it is.
      const events = outputs.length > AT_ONCE ? [] : facts.slice(0, AT_ONCE);
      if (some.length === 0 && events.length === 0) return;
      await this.#send(some, events);
    }
  }

  async #send(outputs: readonly SegmentOutput[], events: readonly LedgerFact[]): Promise<void> {
    try {
      await this.#tell({ outputs, events });
    } catch (error) {
      if (outputs.length + events.length > 1) {
        // One of them is no good: each alone, in order, so that it does not keep the others.
        for (const output of outputs) await this.#send([output], []);
        for (const event of events) await this.#send([], [event]);
        return;
      }
      const [output] = outputs;
      const gone =
        output && (await stat(join(this.#workDir, output.path)).catch(() => undefined)) === undefined;
      // A file that is not there any more was taken over before the process that reported it was killed.
      if (!gone) this.#log('the agent refuses a report', { name: output?.name, error: String(error) });
    }
    this.#ledger.add({
      t: 'reported',
      names: outputs.map(({ name }) => name),
      keys: events.map(({ key }) => key),
    });
  }
}
