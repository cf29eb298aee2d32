import { Id, reason } from '@backlot/contract';
import type { EventReaction } from '@backlot/control/workload';
import { z } from 'zod';
import { deliveryPhrases, REACHABLE_FACT, UNREACHABLE_FACT } from '../../contract.ts';
import { findTarget } from './find-target.ts';
import { markTarget } from './mark-target.ts';

const Body = z.object({
  targetId: Id,
  target: z.string(),
  why: z.string().optional(),
  detail: z.string().optional(),
});

const phraseOf = {
  slow: 'deliveries.slow',
  refused: 'deliveries.refused',
  full: 'deliveries.full',
} as const;

/** What nodes find out about targets becomes what everybody knows. */
export const factsReaction: EventReaction = {
  name: 'deliveries.targets',
  kinds: [UNREACHABLE_FACT, REACHABLE_FACT],
  async react({ kind, body, projectId }, kernel) {
    const parsed = Body.safeParse(body);
    if (!parsed.success || projectId === null) return;
    const { targetId, why, detail = '' } = parsed.data;
    // A node speaks of a target of its task's project only.
    const target = await findTarget(kernel.db, projectId, targetId);
    if (!target) return;
    const code =
      why !== undefined && Object.hasOwn(phraseOf, why) ? phraseOf[why as keyof typeof phraseOf] : undefined;
    const fault = reason(deliveryPhrases, code ?? 'deliveries.unreachable', { target: target.name, detail });
    await kernel.transaction((tx) =>
      kind === UNREACHABLE_FACT
        ? markTarget(kernel, tx, targetId, 'down', fault)
        : markTarget(kernel, tx, targetId, 'up', null),
    );
    kernel.events.wake();
  },
};
