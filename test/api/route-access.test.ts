import { expectedStatus, type Rule } from '@backlot/testkit/access-rule';
import { type Caller, makeCallers, type Places } from '@backlot/testkit/callers';
import type { FastifyInstance, FastifyServerOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { accessTable } from './access-table.ts';
import { startControl, type TestControl } from './control.ts';
import { makeThings, requestFor, type Things } from './things.ts';

/** Answered in place of a handler, so that a route can be tried by everybody without doing what it does. */
const admitted = 299;
const expected = (rule: Rule, caller: Caller) => expectedStatus(rule, caller, places.project, admitted);
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
        const letIn = status === 400 && !rule.endsWith(' project') && expected(rule, caller) === admitted;
        if (!letIn && expected(rule, caller) !== status) {
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
