import { newId, Problem } from '@backlot/contract';
import { expectedStatus, type Rule } from '@backlot/testkit/access-rule';
import { type Caller, makeCallers } from '@backlot/testkit/callers';
import type { InjectOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Model, Render } from '../contract.ts';
import { type RendersControl, startRendersControl } from './control.ts';

/** Who may use which route of renders, by hand; every line is tried by every kind of caller. */
const table: Readonly<Record<string, Rule>> = {
  'POST /api/v1/renders': 'jobs.submit submitter project',
  'GET /api/v1/renders': 'jobs.read viewer any',
  'GET /api/v1/renders/:id': 'jobs.read viewer project',
  'POST /api/v1/renders/:id/files': 'jobs.operate operator project', // or whose render it is

  'GET /api/v1/renders/:id/download': 'artifacts.read viewer project',
  'GET /api/v1/renders/options': 'jobs.read viewer any',
  'PATCH /api/v1/renders/options': 'settings.manage admin everywhere',
  'POST /api/v1/renders/estimate': 'jobs.submit submitter project',
  'GET /api/v1/models': 'renders.models.read viewer any',
  'POST /api/v1/models': 'renders.models.write submitter project',
  'GET /api/v1/models/:id': 'renders.models.read viewer any',
  'PATCH /api/v1/models/:id': 'renders.models.manage operator any', // or whose model it is

  'DELETE /api/v1/models/:id': 'renders.models.write submitter any',
  'GET /api/tasks/:id/status': 'jobs.read viewer project',
};
/** Stands for any answer of a handler: the caller was let in, whatever came of it. */
const letIn = 299;
const nowhere = newId();

let test: RendersControl;
let project: string;
let render: string;
let model: string;
let callers: Caller[];
let tried = 0;

function inject(options: InjectOptions) {
  tried += 1;
  // Every try from an address of its own: limits are another test’s business.
  const remoteAddress = `10.${(tried >> 16) & 255}.${(tried >> 8) & 255}.${tried & 255}`;
  return test.control.http.app.inject({ remoteAddress, ...options });
}
const asAdmin = (options: InjectOptions) =>
  inject({ ...options, headers: { authorization: `Bearer ${test.adminToken}`, ...options.headers } });

beforeAll(async () => {
  test = await startRendersControl();
  project = await test.project('film');
  const places = { project, elsewhere: await test.project('game') };
  callers = await makeCallers(test, places);
  const { kernel } = test.control;
  const digest = 'b'.repeat(64);
  await kernel.db.insertInto('blob').values({ digest, size: 5 }).execute();
  const artifact = newId();
  await kernel.db
    .insertInto('artifact')
    .values({
      id: artifact,
      project_id: project,
      name: 'chair.glb',
      kind: 'upload',
      digest,
      size: 5,
      media_type: 'model/gltf-binary',
    })
    .execute();
  const files = [{ artifactId: artifact }];
  const made = async (url: string, payload: object) =>
    (await asAdmin({ method: 'POST', url, payload: { projectId: project, ...payload } })).json();
  model = Model.parse(await made('/api/v1/models', { files })).id;
  render = Render.parse(await made('/api/v1/renders', { model: { modelId: model } })).job.id;
});
afterAll(() => test.close());

/** A request about the thing that the table’s line stands for, or about one that isn’t there. */
function requestFor(route: string, thing?: string): InjectOptions {
  const [method = 'GET', template = ''] = route.split(' ');
  const own = template.startsWith('/api/v1/models') ? model : render;
  const bodies: Readonly<Record<string, object>> = {
    // Understood, and asking for what isn’t there: being let in is seen, and nothing is made.
    'POST /api/v1/renders': { projectId: project, model: { modelId: nowhere } },
    'PATCH /api/v1/renders/options': { pricePerCoreHour: null },
    'POST /api/v1/renders/estimate': { projectId: project },
    'POST /api/v1/models': { projectId: project, files: [{ artifactId: nowhere }] },
  };
  const payload = method === 'POST' || method === 'PATCH' ? { payload: bodies[route] ?? {} } : {};
  return { method: method as 'GET', url: template.replace(':id', thing ?? own), ...payload };
}

describe('who may use which route of renders', { timeout: 300_000 }, () => {
  it('is written down for every route there is, and for none that isn’t', () => {
    const registered = test.control.http
      .routes()
      .filter(({ url }) => /^\/api\/(v1\/(renders|models)|tasks)(\/|$)/.test(url))
      .filter(({ method }) => method !== 'HEAD')
      .map(({ method, url }) => `${method} ${url}`);
    expect(registered.sort()).toEqual(Object.keys(table).sort());
  });

  it('holds for every route and every kind of caller', async () => {
    const wrong: string[] = [];
    // What deletes comes last, and about a model that isn’t there: the others need theirs.
    for (const [route, rule] of Object.entries(table)) {
      const deletes = route.startsWith('DELETE');
      for (const caller of callers) {
        const request = requestFor(route, deletes ? nowhere : undefined);
        const answer = await inject({ ...request, headers: { ...caller.headers } });
        const wanted = expectedStatus(rule, caller, project, letIn);
        const found = seen(route, wanted, answer.statusCode, answer.body);
        if (found !== wanted)
          wrong.push(
            `${route} by ${caller.name}: ${answer.statusCode}, not ${wanted} ${answer.body.slice(0, 150)}`,
          );
      }
    }
    expect(wrong).toEqual([]);
  });

  /** The status, or `letIn` when the answer can only have come from the handler. */
  function seen(route: string, wanted: number, status: number, body: string): number {
    if (status < 300 || status === 409) return letIn;
    if (status !== 404 || wanted !== letIn) return status;
    // The handler has looked for what the request names and not found it (or nothing to download).
    const { detail, code } = Problem.parse(JSON.parse(body));
    return code === 'render_without_results' || detail.includes(nowhere) || route.includes('/models/:id')
      ? letIn
      : status;
  }

  it('lets a submitter change what is their own', async () => {
    const submitter = callers.find(({ name }) => name === 'submitter of the project');
    const own = (options: InjectOptions) => inject({ ...options, headers: { ...submitter?.headers } });
    const artifact = await test.control.kernel.db
      .selectFrom('artifact')
      .select('id')
      .where('project_id', '=', project)
      .executeTakeFirstOrThrow();
    const files = [{ artifactId: artifact.id }];
    const made = Model.parse(
      (await own({ method: 'POST', url: '/api/v1/models', payload: { projectId: project, files } })).json(),
    );
    const url = `/api/v1/models/${made.id}`;
    const renamed = await own({ method: 'PATCH', url, payload: { name: 'Stool' } });
    expect(Model.parse(renamed.json()).name).toBe('Stool');
    const payload = { projectId: project, model: { modelId: made.id } };
    const { job } = Render.parse((await own({ method: 'POST', url: '/api/v1/renders', payload })).json());
    const supply = await own({ method: 'POST', url: `/api/v1/renders/${job.id}/files`, payload: {} });
    expect(supply.json()).toMatchObject({ code: 'render_not_waiting' }); // let in, though it misses nothing
  });

  it('says of a render of another project that there is none', async () => {
    const stranger = callers.find(({ name }) => name === 'administrator of another project');
    for (const route of ['GET /api/v1/renders/:id', 'GET /api/v1/models/:id', 'GET /api/tasks/:id/status']) {
      const [theirs, none] = await Promise.all(
        [undefined, nowhere].map((thing) =>
          inject({ ...requestFor(route, thing), headers: { ...stranger?.headers } }),
        ),
      );
      expect([theirs?.statusCode, none?.statusCode], route).toEqual([404, 404]);
      expect(theirs?.json().code).toBe(none?.json().code);
    }
    for (const path of ['/api/v1/renders', '/api/v1/models']) {
      const list = await inject({ url: path, headers: { ...stranger?.headers } });
      expect(list.json().items).toEqual([]);
    }
  });
});

const long = 'x'.repeat(4_096);
const id = '"00000000-0000-4000-8000-000000000000"';
/** Bodies that are malformed, hostile, or well-formed nonsense for renders. */
const bodies: readonly string[] = [
  '',
  'null',
  '12',
  '"text"',
  '[]',
  '{"name":',
  '{}{}',
  '{"__proto__":{"admin":true}}',
  `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
  '{"projectId":true,"model":[],"settings":"","files":{},"name":{}}',
  `{"projectId":"../..","model":{"modelId":"' OR 1=1"}}`,
  `{"projectId":${id}}`,
  ...[
    '{}',
    '{"modelId":null}',
    `{"modelId":${id}}`,
    '{"files":[]}',
    '{"files":[null]}',
    '{"files":[{"artifactId":"x"}]}',
    `{"files":[{"artifactId":${id},"path":"../../etc/passwd"}]}`,
    `{"files":[{"artifactId":${id},"path":"a\\u0000b"}]}`,
  ].map((value) => `{"projectId":PROJECT,"model":${value}}`),
  ...[
    'null',
    '[]',
    '{"width":-1}',
    '{"width":1e999,"height":0.5}',
    '{"samples":"many"}',
    '{"engine":"povray","device":"abacus"}',
    '{"format":"exe","depth":7}',
    '{"subject":{"kind":"animation","frames":"1-999999999999"}}',
    '{"subject":{"kind":"animation","frames":"9-1,,x"}}',
    '{"subject":{"kind":"turntable","frames":1e9}}',
    '{"camera":{"kind":"$(reboot)"}}',
  ].map((value) => `{"projectId":PROJECT,"model":{"modelId":MODEL},"modelId":MODEL,"settings":${value}}`),
  ...[
    '{"priority":1e9}',
    '{"priority":0.5}',
    `{"name":"${long}"}`,
    '{"name":""}',
    '{"name":"a\u0000b"}',
    '{"name":"\ud83c"}',
    '{"visibility":"everyone"}',
    '{"grants":[{"accountId":"x","right":"own"}]}',
    `{"grants":[{"accountId":${id},"right":"see"}]}`,
    '{"pricePerCoreHour":-1}',
    '{"pricePerCoreHour":"free"}',
    '{"pricePerCoreHour":1e999}',
    '{"acceptMissing":"yes"}',
    '{"files":[{"artifactId":null,"path":7}]}',
    `{"files":[{"artifactId":${id},"path":"${long}"}]}`,
  ],
];
const queries = [
  'limit=0',
  'limit=501',
  'limit=NaN',
  'limit=1&limit=2',
  'cursor=%00',
  'cursor=AAAA',
  `cursor=${Buffer.from('{"id":"x"}').toString('base64url')}`,
  `cursor=${Buffer.from('{"id":{"$ne":1}}').toString('base64url')}`,
  'projectId=nonsense',
  'projectId[$ne]=1',
  'modelId=%27',
  'text=%00',
  'text=%25%5C%27_',
  `text=${long}`,
  '__proto__[x]=1',
  '%',
];
const segments = [
  'x',
  '0',
  '%00',
  '%ff',
  '%E0%A4%A',
  '..%2f..%2fetc',
  "'%20OR%201=1",
  'a'.repeat(2_000),
  nowhere,
];

describe('no request to renders makes us fail', { timeout: 300_000 }, () => {
  /** Sends as the administrator, and says what is wrong with the answer, if anything is. */
  async function faultOf(options: InjectOptions): Promise<string[]> {
    const answer = await asAdmin(options);
    const what = `${options.method} ${options.url} ${String(options.payload ?? '').slice(0, 120)}`;
    if (answer.statusCode >= 500) return [`${what}: ${answer.statusCode} ${answer.body.slice(0, 300)}`];
    if (answer.statusCode < 400 || Problem.safeParse(answer.json()).success) return [];
    return [`${what}: no problem document: ${answer.body.slice(0, 200)}`];
  }

  it('whatever its body', async () => {
    const faults: string[] = [];
    const changing = Object.keys(table).filter((route) => /^(POST|PATCH)/.test(route));
    for (const route of changing) {
      for (const body of bodies) {
        const payload = body.replaceAll('PROJECT', `"${project}"`).replaceAll('MODEL', `"${model}"`);
        const headers = { 'content-type': 'application/json' };
        faults.push(...(await faultOf({ ...requestFor(route), payload, headers })));
      }
    }
    expect(faults).toEqual([]);
  });

  it('whatever its path and query', async () => {
    const faults: string[] = [];
    for (const route of Object.keys(table)) {
      if (route.includes(':id'))
        for (const segment of segments) faults.push(...(await faultOf(requestFor(route, segment))));
      if (route.startsWith('GET'))
        for (const query of queries) {
          const request = requestFor(route);
          faults.push(...(await faultOf({ ...request, url: `${request.url as string}?${query}` })));
        }
    }
    expect(faults).toEqual([]);
  });
});
