import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface PlacementMetrics {
  readonly placed: Counter<'pool' | 'class'>;
  readonly refused: Counter<'pool'>;
  readonly waited: Histogram<'pool' | 'class'>;
  readonly round: Histogram<'pool'>;
  readonly queued: Gauge<'pool' | 'class'>;
  readonly preempted: Counter<'pool'>;
}

export function createPlacementMetrics(registry: Registry): PlacementMetrics {
  const registers = [registry];
  return {
    placed: new Counter({
      name: 'backlot_placement_placed_total',
      help: 'Tasks that were given to a node.',
      labelNames: ['pool', 'class'],
      registers,
    }),
    refused: new Counter({
      name: 'backlot_placement_refused_total',
      help: 'Decisions that no longer held when they were to be written.',
      labelNames: ['pool'],
      registers,
    }),
    waited: new Histogram({
      name: 'backlot_placement_wait_seconds',
      help: 'Time from ready to placed.',
      labelNames: ['pool', 'class'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30, 120, 600, 3600],
      registers,
    }),
    round: new Histogram({
      name: 'backlot_placement_round_seconds',
      help: 'Duration of one round of the loop.',
      labelNames: ['pool'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
      registers,
    }),
    queued: new Gauge({
      name: 'backlot_placement_queued',
      help: 'Tasks that are ready and wait for a place.',
      labelNames: ['pool', 'class'],
      registers,
    }),
    preempted: new Counter({
      name: 'backlot_placement_preemptions_total',
      help: 'Tasks of a higher class that others made room for.',
      labelNames: ['pool'],
      registers,
    }),
  };
}
