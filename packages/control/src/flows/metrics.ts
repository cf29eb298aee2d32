import { Counter, Histogram, type Registry } from 'prom-client';

/** What is counted of flows. */
export interface FlowMetrics {
  readonly started: Counter<'trigger'>;
  readonly runs: Counter<'state'>;
  readonly steps: Counter<'state'>;
  readonly performs: Counter<'kind' | 'outcome'>;
  /** Milliseconds by which waiting steps went on late. */
  readonly late: Histogram;
}

export function createFlowMetrics(registry: Registry): FlowMetrics {
  const registers = [registry];
  return {
    started: new Counter({
      name: 'backlot_flow_runs_started_total',
      help: 'Runs of flows that began, by kind of trigger.',
      labelNames: ['trigger'],
      registers,
    }),
    runs: new Counter({
      name: 'backlot_flow_runs_ended_total',
      help: 'Runs of flows that ended, by state.',
      labelNames: ['state'],
      registers,
    }),
    steps: new Counter({
      name: 'backlot_flow_steps_total',
      help: 'Steps of flows that came into a state.',
      labelNames: ['state'],
      registers,
    }),
    performs: new Counter({
      name: 'backlot_flow_performs_total',
      help: 'Steps that the control plane performed by itself, by kind and outcome.',
      labelNames: ['kind', 'outcome'],
      registers,
    }),
    late: new Histogram({
      name: 'backlot_flow_wait_late_seconds',
      help: 'How late waiting steps went on.',
      buckets: [0.05, 0.1, 0.5, 1, 2, 5, 10, 60, 600],
      registers,
    }),
  };
}
