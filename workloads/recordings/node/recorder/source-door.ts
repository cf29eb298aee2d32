import type { Reason } from '@backlot/contract';
import { sourceReason } from '../../contract/source-phrases.ts';
import {
  type Liveness,
  type OpenContext,
  type SourceAdapter,
  type SourceConnection,
  type SourceContext,
  SourceFault,
  SourceRefused,
  type SourceSpecLike,
  wordsOf,
} from '../source-port.ts';
import { awakeLimit } from '../time/awake-limit.ts';
import type { Log, ShardParts } from './channel-ports.ts';
import type { WatchRules } from './watch-input.ts';

const POLL_MS = 5_000;
const OPEN_MS = 10_000;
/** A look at a platform may take so long, in milliseconds. */
const LOOK_MS = 60_000;

export type Opened =
  | { readonly connection: SourceConnection }
  | {
      readonly reason: Reason;
      readonly retryAfterMs: number | undefined;
      /** What the source itself says; missing for a fault on the way to it. */
      readonly why?: SourceRefused['why'];
    };

/** The way to a channel's source: finds its adapter, keeps to time limits, and makes answers of all errors. */
export class SourceDoor {
  readonly #parts: ShardParts;
  readonly #spec: SourceSpecLike;
  readonly #rules: WatchRules;
  readonly #scratchDir: string;
  readonly #log: Log;
  readonly #adapter: SourceAdapter | undefined;
  #abort = new AbortController();

  constructor(parts: ShardParts, rules: WatchRules, scratchDir: string, log: Log) {
    this.#parts = parts;
    this.#rules = rules;
    this.#spec = rules.source;
    this.#scratchDir = scratchDir;
    this.#log = log;
    this.#adapter = this.#adapterOf(rules.source.kind);
  }

  get canLook(): boolean {
    return this.#adapter?.probe !== undefined || this.#adapter?.awaitLive !== undefined;
  }

  get pollMs(): number {
    return this.#adapter?.pollMs ?? POLL_MS;
  }

  /** Is it live? Never rejects. */
  async look(): Promise<Liveness> {
    const adapter = this.#adapter;
    if (!adapter) return { state: 'unknown', reason: this.#unknownKind() };
    const limit = adapter.awaitLive ? undefined : LOOK_MS;
    const { context, settled } = this.#context(limit);
    try {
      const spec = this.#spec;
      if (adapter.awaitLive) return await adapter.awaitLive(spec, context);
      return (await adapter.probe?.(spec, context)) ?? { state: 'unknown' };
    } catch (error) {
      return { state: 'unknown', reason: wordsOf(error) };
    } finally {
      settled();
    }
  }

  /** Never rejects. What is opened after its time is closed again. */
  async open(attempt: number, resume: string | undefined, onMeta: OpenContext['onMeta']): Promise<Opened> {
    const adapter = this.#adapter;
    if (!adapter) return { reason: this.#unknownKind(), retryAfterMs: 60_000, why: 'unusable' };
    const { context, settled } = this.#context(adapter.openMs ?? OPEN_MS);
    try {
      const connection = await this.#openWith(adapter, this.#spec, context, {
        attempt,
        resume,
        onMeta,
      });
      return { connection };
    } catch (error) {
      const reason = wordsOf(error);
      if (!(error instanceof SourceRefused)) return { reason, retryAfterMs: undefined };
      return { reason, retryAfterMs: error.retryAfterMs, why: error.why };
    } finally {
      settled();
    }
  }

  /** Nobody waits for a look or an opening any more. */
  leave(): void {
    this.#abort.abort(new Error('Nobody waits for it any more.'));
    this.#abort = new AbortController();
  }

  async #openWith(
    adapter: SourceAdapter,
    spec: SourceSpecLike,
    context: SourceContext,
    more: { attempt: number; resume: string | undefined; onMeta: OpenContext['onMeta'] },
  ): Promise<SourceConnection> {
    const { attempt, resume, onMeta } = more;
    const opening = adapter.open(spec, {
      ...context,
      attempt,
      ...(resume === undefined ? {} : { resume }),
      qualities: this.#rules.qualities,
      onMeta,
      delegate: async (other) => {
        const next = this.#adapterOf(other.kind);
        if (!next) throw new SourceRefused('unusable', 'unknown_kind', { kind: other.kind });
        return await this.#openWith(next, other, context, more);
      },
    });
    const { signal } = context;
    return await new Promise<SourceConnection>((resolve, reject) => {
      const onAbort = () => reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      opening.then(
        (connection) => {
          signal.removeEventListener('abort', onAbort);
          if (signal.aborted) connection.close();
          else resolve(connection);
        },
        (error: unknown) => {
          signal.removeEventListener('abort', onAbort);
          reject(error);
        },
      );
    });
  }

  /** With a signal that is aborted when nobody waits any more, or it takes too long before it is `settled`. */
  #context(limitMs: number | undefined): { readonly context: SourceContext; readonly settled: () => void } {
    const { clock, env } = this.#parts;
    const late = new AbortController();
    const settled =
      limitMs === undefined
        ? () => {}
        : awakeLimit(clock, limitMs, () => late.abort(new SourceFault('timeout')));
    const signal = AbortSignal.any([this.#abort.signal, late.signal]);
    return { context: { clock, signal, log: this.#log, scratchDir: this.#scratchDir, env }, settled };
  }

  #adapterOf(kind: string): SourceAdapter | undefined {
    return this.#parts.adapters.find(({ kinds }) => kinds.includes(kind));
  }

  #unknownKind(): Reason {
    return sourceReason('unknown_kind', { kind: this.#rules.source.kind });
  }
}
