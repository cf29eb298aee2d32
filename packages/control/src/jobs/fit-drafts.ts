import type { TaskDraft } from '@backlot/contract';
import type { Tx } from '../db/schema.ts';
import type { Kinds } from './kinds.ts';

/** Drafts with what their kinds know of the moment: see `TaskKind.fit`. Most kinds know nothing, and cost nothing. */
export async function fitDrafts(
  kinds: Pick<Kinds, 'findTask'>,
  tx: Tx,
  projectId: string,
  drafts: readonly TaskDraft[],
): Promise<TaskDraft[]> {
  const fitted: TaskDraft[] = [];
  for (const draft of drafts) {
    const fit = kinds.findTask(draft.kind)?.fit;
    fitted.push(fit ? await fit(draft, tx, { projectId }) : draft);
  }
  return fitted;
}
