import type { TokenClaims } from '../../contract/grants.ts';

/**
 * Whether a token is for this very room. Its name alone is not enough: names are free again when a room is closed, and
 * the next one may open a room of another project under the same.
 */
export function tokenFits(
  { grants, project }: Pick<TokenClaims, 'grants' | 'project'>,
  room: { readonly name: string; readonly projectId: string },
): boolean {
  return grants.room === room.name && project === room.projectId;
}
