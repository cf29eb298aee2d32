import type { Capability, NodeMessages } from '@backlot/contract';
import type { Clock } from '@backlot/contract/clock';
import type { Logger } from 'pino';
import type { ControlHttp } from '../transfer/control-http.ts';
import type { InputCache } from '../transfer/input-cache.ts';
import type { RunCommand } from '../workload.ts';
import type { AnyExecutor, ExecutionParts } from './execution.ts';
import type { AllocationStep } from './facts.ts';
import type { ReportLink } from './report-queue.ts';

/** What an allocation needs of its agent. */
export interface AllocationParts extends ExecutionParts {
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  readonly link: ReportLink & { send(type: 'progress', body: NodeMessages['progress']): boolean };
  readonly http: ControlHttp;
  readonly inputs: InputCache;
  readonly run: RunCommand;
  readonly capabilities: () => readonly Capability[];
  readonly executorOf: (kind: string) => AnyExecutor | undefined;
  /** Hears of every step before it is taken. What it throws is nobody's business. */
  readonly observer?: ((allocation: string, step: AllocationStep) => void) | undefined;
}
