import type { EventReaction, Kernel } from '@backlot/control/workload';
import { createStreamCounters } from './metrics.ts';

const counters = new WeakMap<Kernel, ReturnType<typeof createStreamCounters>>();

/** Counts from stored events, so that no path to an end can be forgotten. */
export const countEnds: EventReaction = {
  name: 'streams.counters',
  kinds: ['streams.session.*', 'streams.instance.ended'],
  async react(event, kernel) {
    const known = counters.get(kernel) ?? createStreamCounters(kernel);
    counters.set(kernel, known);
    const reason = typeof event.body.reason === 'string' ? event.body.reason : 'unknown';
    if (event.kind === 'streams.session.ended') known.sessionEnded(reason);
    if (event.kind === 'streams.instance.ended') known.instanceEnded(reason);
    if (event.kind === 'streams.session.ready') await known.sessionReady(event.subject.id);
  },
};
