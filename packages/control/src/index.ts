/** The control plane, for whoever starts it: the CLI and tests. Workloads use `@backlot/control/workload` alone. */
export { type Control, type ControlConfig, type ControlOptions, createControl } from './control.ts';
