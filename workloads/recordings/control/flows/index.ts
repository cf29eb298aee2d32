/** What recordings bring to flows on the control plane. */
export { recordingSteps as recordingStepKinds } from '../../contract/flows/join-step.ts';
export { recordingTriggers } from './triggers.ts';
