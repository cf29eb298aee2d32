import type { ControlWorkload } from '@backlot/control/workload';
import { INSTANCE_TASK, InstanceParameters, InstanceResult, streamPhrases } from '../contract.ts';

/** What streams bring to the control plane. */
export const streamsControl: ControlWorkload = {
  name: 'streams',
  phrases: streamPhrases,
  taskKinds: { [INSTANCE_TASK]: { parameters: InstanceParameters, result: InstanceResult } },
};
