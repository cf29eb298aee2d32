import { kernelPermissions, type RoleGrant, roles } from '@backlot/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Actor } from '../kernel.ts';
import { confineGrants, createAccessControl, mergePermissions, permissionsByProject } from './permissions.ts';

const access = createAccessControl(
  mergePermissions([{ name: 'renders', permissions: { 'renders.use': { role: 'submitter' } } }]),
);
const actor = (grants: RoleGrant[], scopes: string[] = ['*']): Actor => ({
  kind: 'account',
  id: 'a',
  name: 'A',
  grants,
  scopes,
  language: 'en',
});
const project = fc.constantFrom('p1', 'p2', 'p3');
const grant = fc.record({ projectId: fc.option(project), role: fc.constantFrom(...roles) });
const grants = fc.array(grant, { maxLength: 4 });
const permission = fc.constantFrom(...Object.keys(access.permissions));
const scopes = fc.subarray(['*', 'jobs.*', 'jobs.read', 'nodes.*', 'renders.use'], { minLength: 1 });

describe('permissions', () => {
  it('of a token are never more than those of its account', () => {
    fc.assert(
      fc.property(
        grants,
        scopes,
        permission,
        fc.option(project),
        fc.option(project),
        (held, only, name, where, confined) => {
          const whole = actor(held);
          const token = actor(confineGrants(held, confined), only);
          if (access.may(token, name, where)) expect(access.may(whole, name, where)).toBe(true);
        },
      ),
    );
  });

  it('of a token confined to a project reach nothing outside of it', () => {
    fc.assert(
      fc.property(grants, permission, fc.option(project), (held, name, where) => {
        const token = actor(confineGrants(held, 'p1'));
        if (where !== 'p1') expect(access.may(token, name, where)).toBe(false);
      }),
    );
  });

  it('grow with the role', () => {
    fc.assert(
      fc.property(permission, fc.option(project), (name, where) => {
        const may = roles.map((role) => access.may(actor([{ projectId: where, role }]), name, where));
        expect(may).toEqual([...may].sort());
      }),
    );
  });

  it('are listed exactly as they are decided', () => {
    fc.assert(
      fc.property(grants, scopes, permission, project, (held, only, name, where) => {
        const someone = actor(held, only);
        const table = permissionsByProject(access, someone);
        const listed = table['*']?.includes(name) || table[where]?.includes(name) || false;
        expect(listed).toBe(access.may(someone, name, where));
        const projects = access.projectsWith(someone, name);
        if (projects === 'all') expect(access.may(someone, name, null)).toBe(true);
        else expect(projects.includes(where)).toBe(access.may(someone, name, where));
      }),
    );
  });

  it('that nobody has declared are a mistake of ours, not an answer', () => {
    expect(() => access.may(actor([]), 'jobs.raed', null)).toThrow('There is no permission jobs.raed.');
    expect(() => access.may(actor([]), 'toString', null)).toThrow();
  });
});

describe('workloads', () => {
  it('may add permissions under their own name only', () => {
    const add = (name: string, permission: string) =>
      mergePermissions([{ name, permissions: { [permission]: { role: 'viewer' } } }]);
    expect(() => add('renders', 'accounts.manage')).toThrow('may only add permissions');
    expect(() => add('jobs', 'jobs.read')).toThrow('there twice');
    expect(Object.keys(add('rooms', 'rooms.join'))).toEqual([
      ...Object.keys(kernelPermissions),
      'rooms.join',
    ]);
  });
});
