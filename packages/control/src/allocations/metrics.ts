import { Counter, type Registry } from 'prom-client';

/** What can be counted of reports and their refusals. */
export interface AllocationMetrics {
  readonly reports: Counter<'verdict'>;
  readonly stale: Counter<'why'>;
}

export function createAllocationMetrics(registry: Registry): AllocationMetrics {
  return {
    reports: new Counter({
      name: 'backlot_allocation_reports_total',
      help: 'Reports and acceptances of nodes, by what became of them.',
      labelNames: ['verdict'],
      registers: [registry],
    }),
    stale: new Counter({
      name: 'backlot_allocation_stale_total',
      help: 'Messages about work that its node had lost, by why they were refused.',
      labelNames: ['why'],
      registers: [registry],
    }),
  };
}
