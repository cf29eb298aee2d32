import { Account, ApiToken, Member, Project } from '@backlot/contract/api/access';
import { listQuery } from '../../api/queries.ts';

export const accountsQuery = () => listQuery('/api/v1/accounts', Account, {}, ['account']);
export const tokensQuery = () => listQuery('/api/v1/tokens', ApiToken, {}, ['token']);
export const projectListQuery = () => listQuery('/api/v1/projects', Project, {}, ['project']);
export const membersQuery = (projectId: string) =>
  listQuery(`/api/v1/projects/${encodeURIComponent(projectId)}/members`, Member, {}, ['project']);
