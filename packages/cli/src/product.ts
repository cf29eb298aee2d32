import type { Workload } from './workloads.ts';

/** What makes this `backlot` the product it is: its workloads, and the file by which its parts are started. */
export interface Product {
  readonly workloads: readonly Workload[];
  /** Absolute path of the program that calls `main`; `up` starts its children with it. */
  readonly entry: string;
}
