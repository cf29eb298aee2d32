import type { ErrorTable } from '@backlot/contract/errors/refusal';
import type { PhraseTable } from '@backlot/contract/phrase';
import type { ControlWorkload } from '@backlot/control/workload';
import { deliveries } from '@backlot/deliveries';
import type { NodeWorkload } from '@backlot/node/workload';
import { recordings } from '@backlot/recordings';
import { renders } from '@backlot/renders';
import { rooms } from '@backlot/rooms';
import { streams } from '@backlot/streams';
import { transcodes } from '@backlot/transcodes';
import type { CliCommand } from './command.ts';

/** A kind of work: what it brings to each of our processes, loaded by the process that needs it. */
export interface Workload {
  readonly name: string;
  readonly control: () => Promise<ControlWorkload>;
  readonly node: () => Promise<NodeWorkload>;
  readonly commands: () => Promise<readonly CliCommand[]>;
  /** The sentences of its reasons and failures by code, for commands that show any job or task. */
  readonly phrases: () => Promise<PhraseTable>;
  /** Its errors, where the control plane performs work of its own that can fail with one. */
  readonly errors?: () => Promise<ErrorTable>;
}

/**
 * The one place that knows which workloads there are: a new one is its import and its name here. Its pages need
 * no line: the console's build takes in what lies in `workloads/<name>/console/`.
 */
export const workloads: readonly Workload[] = [
  // One line for each.
  deliveries,
  recordings,
  renders,
  rooms,
  streams,
  transcodes,
];
