import type { StepKind } from '../step-kind.ts';
import { conditionStep } from './condition.ts';
import { deleteStep } from './delete.ts';
import { forEachStep } from './for-each.ts';
import { gatherStep } from './gather.ts';
import { parallelStep } from './parallel.ts';
import { waitStep } from './wait.ts';

/** The kernel's own kinds of step, on both halves. */
export const kernelSteps: readonly StepKind[] = [
  conditionStep,
  waitStep,
  parallelStep,
  gatherStep,
  forEachStep,
  deleteStep,
];
