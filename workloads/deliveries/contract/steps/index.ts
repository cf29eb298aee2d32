import type { StepKind } from '@backlot/contract';
import { commandStep } from './command-step.ts';
import { notifyStep, webhookStep } from './message-steps.ts';
import { uploadStep } from './upload-step.ts';
import { verifyStep } from './verify-step.ts';

export * from './command-step.ts';
export * from './message-steps.ts';
export * from './upload-step.ts';
export * from './verify-step.ts';

/** What deliveries bring to flows; the same objects on the control plane and on nodes. */
export const deliverySteps: readonly StepKind[] = [
  uploadStep,
  verifyStep,
  notifyStep,
  webhookStep,
  commandStep,
];
