import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '@backlot/contract';
import { type Control, createControl } from '@backlot/control';
import { createLog } from '@backlot/control/telemetry/log';
import { expectedStatus, type Rule } from '@backlot/testkit/access-rule';
import { type Caller, makeCallers, type Places } from '@backlot/testkit/callers';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { cheapPasswords } from '@backlot/testkit/test-front';
import type { FastifyInstance, FastifyServerOptions, InjectOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { App } from '../contract.ts';
import { streamsControl } from '../control/index.ts';
import { tables } from '../control/tables.ts';

/** Who may use which route of streams, by hand; every line is tried by every kind of caller. */
const table: Readonly<Record<string, Rule>> = {
  'GET /api/v1/streams/apps': 'streams.read viewer any',
  'POST /api/v1/streams/apps': 'streams.apps.write operator project',
  'GET /api/v1/streams/apps/:id': 'streams.read viewer project',
  'PATCH /api/v1/streams/apps/:id': 'streams.apps.write operator project',
  'DELETE /api/v1/streams/apps/:id': 'streams.apps.write operator project',
  'POST /api/v1/streams/apps/:id/clone': 'streams.apps.write operator project',
  'POST /api/v1/streams/apps/:id/clear': 'streams.operate operator project',
  'PUT /api/v1/streams/apps/:id/release': 'streams.apps.write operator project',
  'GET /api/v1/streams/apps/:id/versions': 'streams.read viewer project',
  'POST /api/v1/streams/apps/:id/versions': 'streams.apps.write operator project',
  'PUT /api/v1/streams/apps/:id/versions/:version': 'streams.apps.write operator project',
  'DELETE /api/v1/streams/apps/:id/versions/:version': 'streams.apps.write operator project',
  'POST /api/v1/streams/apps/:id/versions/:version/test': 'streams.apps.write operator project',
  'POST /api/v1/streams/import/pixelman': 'streams.apps.write operator any',
  'GET /api/v1/streams/page/:slug': 'public',
  'GET /api/v1/streams/instances': 'streams.read viewer any',
  'GET /api/v1/streams/instances/:id': 'streams.read viewer project',
  'POST /api/v1/streams/instances/:id/stop': 'streams.operate operator project',
  'GET /api/v1/streams/instances/:id/thumbnail': 'streams.read viewer project',
  'GET /api/v1/streams/sessions': 'streams.read viewer any',
  'GET /api/v1/streams/sessions/:id': 'streams.read viewer project',
  'POST /api/v1/streams/sessions/:id/end': 'streams.operate operator project',
  'POST /api/v1/streams/sessions/:id/players/:playerId/kick': 'streams.operate operator project',
  'PUT /api/v1/streams/sessions/:id/control': 'streams.operate operator project',
  'GET /api/v1/streams/sessions/:id/stats': 'streams.read viewer project',
  'GET /api/v1/streams/counts': 'streams.read viewer any',
  'POST /api/v1/streams/tickets': 'streams.open submitter project',
  'POST /api/v1/streams/turn/test': 'settings.read operator everywhere',
};
/** Answered in place of a handler: the caller was let in. */
const admitted = 299;
let gate = false;

// Only the handlers are taken out, and only while `gate` is set: authentication, validation, the finders of projects
// and the guards are the real ones, on a real database.
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

const adminToken = 'the-administration-token-of-tests';
const recipe = { launch: { argv: ['/opt/app', '{signallingUrl}'], env: { KEY: 'a secret' } } };
let control: Control;
let database: TestDatabase;
let dataDir: string;
let places: Places;
let callers: Caller[];
let app: App;
let session: string;
let instance: string;
let tried = 0;

function inject(options: InjectOptions) {
  tried += 1;
  // Every try from an address of its own: limits are another test’s business.
  const remoteAddress = `10.${(tried >> 16) & 255}.${(tried >> 8) & 255}.${tried & 255}`;
  return control.http.app.inject({ remoteAddress, ...options });
}
const asAdmin = async (method: 'POST', url: string, payload: object) => {
  const answer = await inject({ method, url, payload, headers: { authorization: `Bearer ${adminToken}` } });
  if (answer.statusCode >= 300) throw new Error(`${method} ${url}: ${answer.body}`);
  return answer.json();
};

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'backlot-streams-access-'));
  database = await createTestDatabase({ empty: true });
  control = await createControl({
    config: { host: '127.0.0.1', port: 0, dataDir, adminToken },
    database: database.url,
    workloads: [streamsControl],
    log: createLog({ name: 'control', level: 'silent' }),
    passwordCost: cheapPasswords,
  });
  const project = async (slug: string): Promise<string> =>
    (await asAdmin('POST', '/api/v1/projects', { slug, name: slug })).id;
  places = { project: await project('film'), elsewhere: await project('game') };
  callers = await makeCallers({ control, adminToken }, places);
  app = App.parse(
    await asAdmin('POST', '/api/v1/streams/apps', {
      projectId: places.project,
      slug: 'cars',
      name: 'Cars',
      recipe,
    }),
  );
  session = newId();
  instance = newId();
  const ours = { app_id: app.id, project_id: places.project };
  const db = tables(control.store.db);
  const time = { ended_at: new Date() };
  await db
    .insertInto('streams_session')
    .values({
      ...ours,
      ...time,
      id: session,
      state: 'ended',
      trial_version: null,
      version: null,
      instance_id: null,
      subject: 'Ada',
      controller: null,
      extensions: false,
      warned: null,
      end_reason: 'left',
      end_by: null,
    })
    .execute();
  await db
    .insertInto('streams_instance')
    .values({
      ...ours,
      ...time,
      id: instance,
      version: 1,
      state: 'ended',
      job_id: newId(),
      node_id: null,
      allocation_id: null,
      gpu: null,
      session_id: null,
      last_session_id: null,
      retire: null,
      end_reason: 'crashed',
    })
    .execute();
});
afterAll(async () => {
  await control.close();
  await database.close();
  await rm(dataDir, { recursive: true, force: true });
});

const bodies: Readonly<Record<string, () => object>> = {
  'POST /api/v1/streams/apps': () => ({ projectId: places.project, slug: 'more', name: 'More' }),
  'POST /api/v1/streams/apps/:id/clone': () => ({ slug: 'copy', name: 'Copy' }),
  'PUT /api/v1/streams/apps/:id/release': () => ({ active: 1 }),
  'POST /api/v1/streams/apps/:id/versions': () => ({ recipe }),
  'PUT /api/v1/streams/apps/:id/versions/:version': () => ({ recipe }),
  'POST /api/v1/streams/import/pixelman': () => ({ config: '{}' }),
  'PUT /api/v1/streams/sessions/:id/control': () => ({ playerId: '1' }),
  'POST /api/v1/streams/tickets': () => ({ app: 'cars' }),
};

function requestFor(route: string): InjectOptions {
  const [method = 'GET', template = ''] = route.split(' ');
  const id = template.includes('/sessions/') ? session : template.includes('/instances/') ? instance : app.id;
  const url = template
    .replace(':id', id)
    .replace(':version', '1')
    .replace(':playerId', '1')
    .replace(':slug', 'cars');
  const changes = method !== 'GET' && method !== 'DELETE';
  return { method: method as 'GET', url, ...(changes ? { payload: bodies[route]?.() ?? {} } : {}) };
}

describe('who may use which route of streams', { timeout: 300_000 }, () => {
  it('is written down for every route there is, and for none that isn’t', () => {
    const registered = control.http
      .routes()
      .filter(({ url }) => url.startsWith('/api/v1/streams'))
      .filter(({ method }) => method !== 'HEAD')
      .map(({ method, url }) => `${method} ${url}`);
    expect(registered.sort()).toEqual(Object.keys(table).sort());
  });

  it('holds for every route and every kind of caller', async () => {
    gate = true;
    const wrong: string[] = [];
    for (const [route, rule] of Object.entries(table)) {
      for (const caller of callers) {
        const answer = await inject({ ...requestFor(route), headers: { ...caller.headers } });
        const wanted = expectedStatus(rule, caller, places.project, admitted);
        if (answer.statusCode !== wanted)
          wrong.push(
            `${route} by ${caller.name}: ${answer.statusCode}, not ${wanted} ${answer.body.slice(0, 150)}`,
          );
      }
    }
    gate = false;
    expect(wrong).toEqual([]);
  });

  it('shows only one’s own projects, and values of the environment to those who may change them', async () => {
    const by = (name: string) => callers.find((caller) => caller.name === name)?.headers ?? {};
    const get = async (url: string, name: string) =>
      (await inject({ method: 'GET', url, headers: { ...by(name) } })).json();
    for (const [list, count] of [
      ['apps', 1],
      ['sessions', 1],
      ['instances', 1],
    ] as const) {
      const path = `/api/v1/streams/${list}`;
      expect((await get(path, 'viewer of the project')).items).toHaveLength(count);
      expect((await get(path, 'administrator of another project')).items).toHaveLength(0);
    }
    expect((await get('/api/v1/streams/counts', 'administrator of another project')).apps).toEqual([]);
    const env = async (name: string) =>
      (await get('/api/v1/streams/apps/cars/versions', name)).items[0].recipe.launch.env;
    expect(await env('viewer of the project')).toEqual({ KEY: '…' });
    expect(await env('operator of the project')).toEqual({ KEY: 'a secret' });
  });
});

describe('an app', () => {
  const admin = { authorization: `Bearer ${adminToken}` };
  const call = async (method: 'GET', url: string, payload?: object) => {
    const answer = await inject({
      method,
      url: `/api/v1/streams${url}`,
      headers: admin,
      ...(payload ? { payload } : {}),
    });
    return { status: answer.statusCode, body: answer.body === '' ? null : answer.json() };
  };
  const does = (method: string, url: string, payload?: object) => call(method as 'GET', url, payload);

  it('is made once under one key, and its address is its own', async () => {
    const payload = { projectId: places.project, slug: 'once', name: 'Once' };
    const post = () =>
      inject({
        method: 'POST',
        url: '/api/v1/streams/apps',
        payload,
        // A token without an account is told apart by its address.
        remoteAddress: '10.200.0.1',
        headers: { ...admin, 'idempotency-key': 'the-same-key' },
      });
    const [first, second] = [await post(), await post()];
    expect(second.json()).toEqual(first.json());
    const taken = await does('POST', '/apps', payload);
    expect(taken).toMatchObject({ status: 409, body: { code: 'app_slug_taken', pointer: 'slug' } });
  });

  it('has versions that are corrected until something was started from them, never after', async () => {
    const made = await does('POST', '/apps/cars/versions', { recipe, note: 'two' });
    expect(made).toMatchObject({ status: 201, body: { version: 2, active: false, used: false } });
    const better = { recipe: { ...recipe, startTimeoutSeconds: 9 }, note: 'better' };
    expect(await does('PUT', '/apps/cars/versions/2', better)).toMatchObject({
      body: { note: 'better', recipe: { startTimeoutSeconds: 9 } },
    });
    await tables(control.store.db)
      .updateTable('streams_app_version')
      .set({ used_at: new Date() })
      .where('app_id', '=', app.id)
      .where('version', '=', 2)
      .execute();
    expect(await does('PUT', '/apps/cars/versions/2', better)).toMatchObject({
      status: 409,
      body: { code: 'app_version_used' },
    });
    expect(await does('DELETE', '/apps/cars/versions/2')).toMatchObject({
      body: { code: 'app_version_used' },
    });
    expect(await does('DELETE', '/apps/cars/versions/1')).toMatchObject({
      body: { code: 'app_version_active' },
    });
    expect(await does('PUT', '/apps/cars/release', { active: 7 })).toMatchObject({
      status: 404,
      body: { code: 'app_version_unknown' },
    });
    const canary = { version: 2, share: 10 };
    expect(await does('PUT', '/apps/cars/release', { active: 1, canary })).toMatchObject({
      body: { canary },
    });
  });

  it('is cloned with its settings, and removed when nobody uses it', async () => {
    await does('PATCH', '/apps/cars', { warm: 0, limits: { idleSeconds: 99 }, look: { accent: '#ff8800' } });
    const copy = await does('POST', '/apps/cars/clone', { slug: 'vans', name: 'Vans' });
    expect(copy).toMatchObject({
      status: 201,
      body: { name: 'Vans', limits: { idleSeconds: 99 }, look: { accent: '#ff8800' }, activeVersion: 1 },
    });
    expect(await does('GET', '/page/vans')).toMatchObject({
      body: { name: 'Vans', accent: '#ff8800', ticketRequired: true, logo: null },
    });
    expect((await does('DELETE', '/apps/vans')).status).toBe(204);
    expect(await does('GET', '/page/vans')).toMatchObject({ status: 404, body: { code: 'app_unknown' } });
    const events = await control.store.db
      .selectFrom('event')
      .select('kind')
      .where('subject_id', '=', copy.body.id)
      .orderBy('seq')
      .execute();
    expect(events.map(({ kind }) => kind)).toEqual(['streams.app.created', 'streams.app.removed']);
    const audit = await control.store.db
      .selectFrom('audit')
      .select('action')
      .where('subject_id', '=', copy.body.id)
      .execute();
    expect(audit.map(({ action }) => action)).toEqual(['streams.app.create', 'streams.app.remove']);
  });

  it('is started with its environment, which whoever may only look finds nowhere', async () => {
    await does('PATCH', '/apps/cars', { warm: 1 });
    const viewer = callers.find(({ name }) => name === 'viewer of the project')?.headers ?? {};
    const read = async (url: string, headers: Readonly<Record<string, string>> = viewer) => {
      const answer = await inject({ method: 'GET', url: `/api/v1${url}`, headers: { ...headers } });
      expect(answer.statusCode, url).toBe(200);
      return answer;
    };
    const task = await vi.waitFor(
      async () => {
        const [found] = await control.store.db.selectFrom('task').select(['id', 'job_id']).execute();
        if (!found) throw new Error('Nothing is started yet.');
        return found;
      },
      { timeout: 60_000, interval: 50 },
    );
    const answers = [
      await read(`/jobs/${task.job_id}`),
      await read(`/tasks/${task.id}`),
      await read('/jobs?limit=10'),
      await read('/audit?limit=100', admin),
    ];
    expect(answers[0]?.body).toContain('/opt/app');
    for (const { body } of answers) expect(body).not.toContain('a secret');
    // The node gets it.
    const { spec } = await control.store.db
      .selectFrom('task')
      .select('spec')
      .where('id', '=', task.id)
      .executeTakeFirstOrThrow();
    expect(spec.parameters).toMatchObject({ secrets: { env: { KEY: 'a secret' } } });
    await does('PATCH', '/apps/cars', { warm: 0 });
  });

  it('counts itself for Prometheus', async () => {
    const { metrics } = control.kernel;
    expect(await metrics.metrics()).toContain('backlot_streams_sessions_queued{app="cars"} 0');
  });
});
