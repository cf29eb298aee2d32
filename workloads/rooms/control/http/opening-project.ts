import type { Kernel } from '@backlot/control/workload';
import type { Guest } from './guest.ts';

/**
 * The project in which a guest may open a room that is not there yet: the one in its token, where the token allows that;
 * the installation's first one where rooms are open to anybody. Undefined: it may not.
 */
export async function openingProject(
  { kernel, open }: { readonly kernel: Kernel; readonly open: boolean },
  { claims }: Pick<Guest, 'claims'>,
): Promise<string | undefined> {
  if (claims) return claims.grants.create ? claims.project : undefined;
  if (!open) return undefined;
  const first = await kernel.db.selectFrom('project').select('id').orderBy('id').limit(1).executeTakeFirst();
  return first?.id;
}
