import { ApiTokenCreated, newId, type Role, type RoleGrant, roles } from '@backlot/contract';
import { systemClock } from '@backlot/contract/clock';
import type { Control } from '@backlot/control';
import { createAllocationTokens } from '@backlot/control/access/allocation-tokens';
import { type Person, signedInPerson } from './person.ts';

/** Somebody who calls, with all that is needed to know what they should be let do. */
export interface Caller {
  readonly name: string;
  readonly kind: 'nobody' | 'person' | 'token' | 'allocation';
  readonly headers: Readonly<Record<string, string>>;
  /** What they really have: a confined token has the grants of its project only. */
  readonly grants: readonly RoleGrant[];
  readonly scopes: readonly string[];
}

export interface Places {
  /** The project that requests are about. */
  readonly project: string;
  readonly elsewhere: string;
}

/** One caller of every kind. */
export async function makeCallers(
  test: { readonly control: Control; readonly adminToken: string },
  places: Places,
): Promise<Caller[]> {
  const front = { app: test.control.http.app, adminToken: test.adminToken };
  const callers: Caller[] = [
    { name: 'nobody', kind: 'nobody', headers: {}, grants: [], scopes: [] },
    {
      name: 'somebody with a made-up token',
      kind: 'nobody',
      headers: { authorization: 'Bearer blt_madeup' },
      grants: [],
      scopes: [],
    },
    {
      name: 'somebody with an old cookie',
      kind: 'nobody',
      headers: { cookie: 'backlot_session=bls_old' },
      grants: [],
      scopes: [],
    },
    {
      name: 'the administration token',
      kind: 'token',
      headers: { authorization: `Bearer ${test.adminToken}` },
      grants: [{ projectId: null, role: 'admin' }],
      scopes: ['*'],
    },
  ];
  const person = async (name: string, grants: RoleGrant[]): Promise<Person> => {
    const made = await signedInPerson(front, grants);
    callers.push({ name, kind: 'person', headers: made.headers, grants, scopes: ['*'] });
    return made;
  };
  const token = async (name: string, owner: Person, body: { scopes?: string[]; projectId?: string }) => {
    const answer = await front.app.inject({
      method: 'POST',
      url: '/api/v1/tokens',
      headers: { ...owner.headers },
      payload: { name, ...body },
    });
    const { secret } = ApiTokenCreated.parse(answer.json());
    const { projectId } = body;
    callers.push({
      name,
      kind: 'token',
      headers: { authorization: `Bearer ${secret}` },
      grants: owner.account.grants
        .filter(
          (grant) => projectId === undefined || grant.projectId === null || grant.projectId === projectId,
        )
        .map(({ role, ...grant }) => ({ role, projectId: projectId ?? grant.projectId })),
      scopes: body.scopes ?? ['*'],
    });
  };

  await person('somebody without any role', []);
  for (const role of roles) await person(`${role} of the project`, [{ projectId: places.project, role }]);
  await person('administrator of another project', [{ projectId: places.elsewhere, role: 'admin' }]);
  const everywhere = new Map<Role, Person>();
  for (const role of roles)
    everywhere.set(role, await person(`${role} everywhere`, [{ projectId: null, role }]));

  const admin = everywhere.get('admin');
  if (!admin) throw new Error('There is no administrator.');
  await token('an administrator’s token', admin, {});
  await token('an administrator’s token for jobs', admin, { scopes: ['jobs.*'] });
  await token('an administrator’s token to read', admin, {
    scopes: ['jobs.read', 'artifacts.read', 'nodes.read', 'events.read'],
  });
  await token('an administrator’s token for the project', admin, { projectId: places.project });
  await token('an administrator’s token for another project', admin, { projectId: places.elsewhere });

  const tokens = await createAllocationTokens(test.control.store.db, systemClock);
  const secret = await tokens.issue({
    allocation: newId(),
    fence: 1,
    nodeId: newId(),
    projectId: places.project,
  });
  callers.push({
    name: 'a node with an allocation',
    kind: 'allocation',
    headers: { authorization: `Bearer ${secret}` },
    grants: [],
    scopes: [],
  });
  return callers;
}
