import type { Clock, Id } from '@backlot/contract';
import type { AloneAnswer, AloneStep } from '@backlot/contract/deputy/messages';
import type { Call } from '@backlot/contract/link/messages';
import type { Logger } from 'pino';
import type { Db } from '../../db/schema.ts';
import type { Flows, Kernel, NodeLinks } from '../../kernel.ts';
import type { ChangeDeps } from '../../tasks/change.ts';
import { type Repeated, repeat } from '../../tasks/repeat.ts';
import type { TaskKind } from '../../workload.ts';
import { AloneRuns } from './alone-runs.ts';
import { Entrusting } from './entrusting.ts';
import type { AloneOf, StepTaken } from './take-step.ts';

export interface CreateAloneOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nodes: () => NodeLinks;
  readonly flows: Pick<Flows, 'version' | 'stepKinds'>;
  readonly kernel: () => Kernel;
  readonly changes: () => ChangeDeps;
  readonly findTask: (kind: string) => TaskKind | undefined;
  takeStep(nodeId: Id, run: AloneOf, step: AloneStep): Promise<StepTaken>;
  /** How long a lost node must have been away before its runs go on elsewhere; 30 minutes unless told. Milliseconds. */
  readonly elsewhereAfterMs?: number | undefined;
}

/** The control plane's half of nodes that go on alone. */
export interface AloneRoom {
  ask(nodeId: Id, key: string): Promise<'mine' | 'yours' | 'unknown'>;
  /** Calls of nodes whose method begins with `flows.`. */
  call(nodeId: Id, call: Call): Promise<AloneAnswer>;
  start(): void;
  close(): Promise<void>;
}

const everyMs = 2_000;
const usualElsewhereAfterMs = 30 * 60_000;

export function createAlone(options: CreateAloneOptions): AloneRoom {
  const { clock, log, flows } = options;
  const runs = new AloneRuns({
    ...options,
    elsewhereAfterMs: options.elsewhereAfterMs ?? usualElsewhereAfterMs,
    performed: () =>
      [...flows.stepKinds.values()]
        .filter(({ performedBy }) => performedBy === 'control')
        .map(({ kind }) => kind),
  });
  const entrusting = new Entrusting(options);
  const stop = new AbortController();
  const repeated: Repeated[] = [];
  return {
    ask: (nodeId, key) => runs.ask(nodeId, key),
    call: (nodeId, call) => runs.call(nodeId, call),
    start() {
      const { signal } = stop;
      const parts = { clock, log, everyMs, signal };
      repeated.push(
        repeat({ ...parts, what: 'runs of nodes that are alone', run: (until) => runs.sweep(until) }),
      );
      repeated.push(repeat({ ...parts, what: 'entrusting flows', run: (until) => entrusting.sweep(until) }));
    },
    async close() {
      stop.abort();
      await Promise.all(repeated.map((one) => one.close()));
    },
  };
}
