import type { Capability, DiskState, NodeMessages } from '@backlot/contract';
import type { Clock } from '@backlot/contract/clock';
import type { Logger } from 'pino';
import type { FindingsBox } from '../holdings/findings-post.ts';
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
  /** Takes held outputs and facts. */
  readonly findings: FindingsBox;
  readonly disk: () => DiskState;
  /**
   * Offered by this node itself, while the control plane is away: nothing of it goes there. Every output is held here,
   * and its logs stay until its folder goes.
   */
  readonly local?: true;
  readonly run: RunCommand;
  /** Folder of the folders that workloads keep over attempts. */
  readonly keepDir: string;
  readonly capabilities: () => readonly Capability[];
  /** Resolves when it is known what this machine can do: soon after the agent's start, at its first perhaps minutes. */
  readonly known: Promise<void>;
  readonly executorOf: (kind: string) => AnyExecutor | undefined;
  /** Hears of every step before it is taken. What it throws is nobody's business. */
  readonly observer?: ((allocation: string, step: AllocationStep) => void) | undefined;
}
