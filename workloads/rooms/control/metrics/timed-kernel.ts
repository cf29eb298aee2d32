import type { Kernel } from '@backlot/control/workload';
import { MediaReply, mediaCalls } from '../../contract/media/calls.ts';

type Observe = (method: string, ms: number, outcome: 'ok' | 'refused' | 'failed') => void;

/**
 * The kernel, whose calls to media hosts are timed. A refusal is an answer: how long it took counts as well, under an outcome
 * of its own. Methods that are none of ours have one name together, so that nobody can make time series.
 */
export function timedKernel(kernel: Kernel, observe: Observe): Kernel {
  const { nodes, clock } = kernel;
  return {
    ...kernel,
    nodes: {
      ...nodes,
      async call(nodeId, call) {
        const begun = clock.monotonic();
        const name = call.method.replace(/^rooms\./, '');
        const method = Object.hasOwn(mediaCalls, name) ? name : 'other';
        try {
          const answer = await nodes.call(nodeId, call);
          const reply = MediaReply.safeParse(answer);
          const outcome = reply.success && !reply.data.ok ? 'refused' : 'ok';
          observe(method, clock.monotonic() - begun, outcome);
          return answer;
        } catch (error) {
          observe(method, clock.monotonic() - begun, 'failed');
          throw error;
        }
      },
    },
  };
}
