import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernelPermissions, type PermissionTable, permits, roles, scopeCovers } from './roles.ts';

const table: PermissionTable = kernelPermissions;
const permission = fc.constantFrom(...Object.keys(table));
const role = fc.constantFrom(...roles);

describe('permissions', () => {
  it('grow with the role: what one may, the next may as well', () => {
    fc.assert(
      fc.property(permission, role, fc.constantFrom(null, 'p1'), (name, least, project) => {
        const rule = table[name];
        if (!rule) throw new Error(name);
        const may = (r: (typeof roles)[number]) =>
          permits([{ projectId: project, role: r }], ['*'], name, rule, 'p1');
        const higher = roles.slice(roles.indexOf(least));
        if (may(least)) for (const r of higher) expect(may(r)).toBe(true);
      }),
    );
  });

  it('of one project never reach into another, nor to what has no project', () => {
    fc.assert(
      fc.property(permission, role, (name, r) => {
        const rule = table[name];
        if (!rule) throw new Error(name);
        expect(permits([{ projectId: 'p1', role: r }], ['*'], name, rule, 'p2')).toBe(false);
        if (rule.everywhere)
          expect(permits([{ projectId: 'p1', role: r }], ['*'], name, rule, 'p1')).toBe(false);
      }),
    );
  });

  it('are narrowed by scopes and never widened', () => {
    fc.assert(
      fc.property(
        permission,
        fc.array(fc.oneof(permission, fc.constantFrom('jobs.*', 'nodes.*', 'nonsense', ''))),
        (name, scopes) => {
          const rule = table[name];
          if (!rule) throw new Error(name);
          const narrowed = permits([{ projectId: null, role: 'submitter' }], scopes, name, rule, null);
          if (narrowed)
            expect(permits([{ projectId: null, role: 'submitter' }], ['*'], name, rule, null)).toBe(true);
          expect(narrowed && !scopeCovers(scopes, name)).toBe(false);
        },
      ),
    );
    expect(scopeCovers(['jobs.*'], 'jobsx.read')).toBe(false);
    expect(scopeCovers([], 'jobs.read')).toBe(false);
  });
});
