import { atLeast, type Role } from '@backlot/contract';
import type { FastifyInstance, FastifyServerOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { accessTable, type Rule } from './access-table.ts';
import { type Caller, makeCallers, type Places } from './callers.ts';
import { startControl, type TestControl } from './control.ts';
import { makeThings, requestFor, type Things } from './things.ts';

/** Answered in place of a handler, so that a route can be tried by everybody without doing what it does. */
const admitted = 299;
let gate = false;

// Only the handlers are taken out, and only while `gate` is set. Limits, authentication, CSRF, validation, the
// finders of projects and the guards are the real ones, on a real database.
vi.mock('fastify', async (original) => {
  const real = await original<typeof import('fastify')>();
  const create = (options: FastifyServerOptions): FastifyInstance => {
    const app = real.default(options);
    app.addHook('onRoute', (route) => {
      const { handler } = route;
      route.handler = function gated(request, reply) {
        if (!gate) return handler.call(this, request, reply);
        return reply.code(admitted).serializer(String).send('admitted');
      };
    });
    return app;
  };
  return { ...real, default: create };
});

let test: TestControl;
let places: Places;
let things: Things;
let callers: Caller[];

beforeAll(async () => {
  test = await startControl();
  const project = async (slug: string): Promise<string> =>
    (
      await test.control.http.app.inject({
        method: 'POST',
        url: '/api/v1/projects',
        headers: { authorization: `Bearer ${test.adminToken}` },
        payload: { slug, name: slug },
      })
    ).json().id;
  places = { project: await project('film'), elsewhere: await project('game') };
  callers = await makeCallers(test, places);
  things = await makeThings(test, places);
  gate = true;
});
afterAll(() => test.close());

/** What a caller should be answered, from the table's words alone. */
function expected(rule: Rule, caller: Caller): number[] {
  const signedIn = caller.kind === 'person' || caller.kind === 'token';
  if (rule === 'public') return [admitted];
  if (rule === 'allocation') return [caller.kind === 'allocation' ? admitted : 401];
  if (!signedIn) return [401];
  if (rule === 'signed-in') return [admitted];
  const [permission = '', role, where] = rule.split(' ') as [string, Role, string];
  const inScope = caller.scopes.some(
    (scope) => scope === '*' || scope === permission || scope === `${permission.split('.')[0]}.*`,
  );
  const holds = caller.grants.some(
    (grant) =>
      atLeast(grant.role, role) &&
      (grant.projectId === null ||
        (where === 'project' && grant.projectId === places.project) ||
        where === 'any'),
  );
  if (inScope && holds) return [admitted];
  const knowsProject = caller.grants.some(
    (grant) => grant.projectId === null || grant.projectId === places.project,
  );
  return [where === 'project' && !knowsProject ? 404 : 403];
}

describe('who may use which route', { timeout: 300_000 }, () => {
  it('is written down for every route there is, and for none that isn’t', () => {
    const registered = test.control.http
      .routes()
      .map(({ method, url }) => ({ method, url }))
      // Fastify adds a HEAD to every GET, with the same rule.
      .filter(
        ({ method, url }, _index, all) =>
          method !== 'HEAD' || !all.some((one) => one.method === 'GET' && one.url === url),
      )
      .map(({ method, url }) => `${method} ${url}`);
    expect(registered.sort()).toEqual(Object.keys(accessTable).sort());
  });

  it('is said to people in the reference: every route has a summary', () => {
    const silent = test.control.http
      .routes()
      .filter((route) => !route.hasSummary && !route.url.includes('/tiny/'));
    expect(silent.map(({ method, url }) => `${method} ${url}`)).toEqual([]);
  });

  it('holds for every route and every kind of caller', async () => {
    const wrong: string[] = [];
    let tried = 0;
    for (const [route, rule] of Object.entries(accessTable)) {
      const [method = 'GET', template = '/'] = route.split(' ');
      for (const caller of callers) {
        const { url, payload, headers } = requestFor(method, template, things);
        tried += 1;
        const answer = await test.control.http.app.inject({
          method: method as 'GET',
          url,
          headers: { ...caller.headers, ...headers },
          ...(payload === undefined ? {} : { payload }),
          // Every try from an address of its own: limits are another test's business.
          remoteAddress: `10.${(tried >> 16) & 255}.${(tried >> 8) & 255}.${tried & 255}`,
        });
        const status = answer.statusCode;
        // Where the rule needs nothing of the request it is judged before the body is: finding fault with the
        // (empty) body then means that the caller was let in.
        const letIn = status === 400 && !rule.endsWith(' project') && expected(rule, caller)[0] === admitted;
        if (!letIn && !expected(rule, caller).includes(status)) {
          wrong.push(
            `${route} by ${caller.name}: ${status} instead of ${expected(rule, caller)} ${answer.body.slice(0, 200)}`,
          );
        }
      }
    }
    expect(wrong).toEqual([]);
    expect(tried).toBe(Object.keys(accessTable).length * callers.length);
  });
});
