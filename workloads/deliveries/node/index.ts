import type { NodeWorkload } from '@backlot/node/workload';
import {
  COMMAND_TASK,
  deliveryPhrases,
  deliverySteps,
  TEST_TASK,
  UPLOAD_TASK,
  VERIFY_TASK,
} from '../contract.ts';
import { commandExecutor } from './command/command-executor.ts';
import { deliveryProbe } from './probe/delivery-probe.ts';
import { rcloneProbe } from './probe/rclone-probe.ts';
import { uploadExecutor } from './upload/upload-executor.ts';
import { verifyExecutor } from './verify/verify-executor.ts';
import { testExecutor } from './work/test-executor.ts';

/** What deliveries bring to a node. */
export const deliveriesNode: NodeWorkload = {
  name: 'deliveries',
  phrases: deliveryPhrases,
  probes: [rcloneProbe, deliveryProbe],
  steps: deliverySteps,
  executors: {
    [UPLOAD_TASK]: uploadExecutor,
    [VERIFY_TASK]: verifyExecutor,
    [TEST_TASK]: testExecutor,
    [COMMAND_TASK]: commandExecutor,
  },
};
