import type { Reason, StateReport } from '@backlot/contract';
import type { NodeMessages } from '@backlot/contract/link/messages';
import type { AllocationsParts } from '../allocations/allocations.ts';
import type { Answer } from '../link/link-client.ts';

/** Who hears what local allocations report. */
export interface LocalListener {
  /** Resolves when it is written down: only then may the allocation forget it. May hear a report twice. */
  reported(report: StateReport): Promise<void>;
  /** The offer could not be taken. */
  refused(allocation: string, why: Reason): void;
  progress(message: NodeMessages['progress']): void;
}

/**
 * Stands for the control plane towards allocations that the deputy has offered: what they report is answered here, with
 * the same words, so that an allocation does not know the difference. It is never down.
 */
export function localLink(listener: LocalListener): AllocationsParts['link'] {
  const ack = (allocation: string, fence: number, seq: number): Answer => ({
    t: 'ack',
    b: { allocation, fence, seq, verdict: 'applied' },
  });
  return {
    async request(_type, body, { signal }) {
      signal.throwIfAborted();
      const { allocation, fence } = body;
      if (!('seq' in body)) return ack(allocation, fence, 0);
      await listener.reported(body);
      return ack(allocation, fence, body.seq);
    },
    send(_type, body) {
      if ('reason' in body) listener.refused(body.allocation, body.reason);
      else if ('progress' in body) listener.progress(body);
      return true;
    },
  };
}
