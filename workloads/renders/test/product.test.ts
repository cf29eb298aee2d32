import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '@backlot/contract';
import { type Person, signedInPerson } from '@backlot/testkit/person';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromBufferPromise } from 'yauzl';
import { Estimate, LegacyStatus, Model, ModelPage, Render, RenderOptions, RenderPage } from '../contract.ts';
import { corpusDir } from '../testing/corpus.ts';
import { type Product, startProduct } from '../testing/product.ts';

/** The workload inside the real product: database, control plane, agent, sandbox, Blender and ffmpeg. */
let product: Product;
let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'backlot-product-'));
  product = await startProduct();
});
afterAll(async () => {
  await product.close();
  await rm(scratch, { recursive: true, force: true });
});

const duck = `${corpusDir}/Collada/duck.dae`;
const texture = `${corpusDir}/Collada/duckCM.tga`;
const small = { width: 64, height: 48, samples: 2 } as const;
const get = <T>(path: string, schema: import('zod').ZodType<T>) =>
  product.api.transport.call('GET', path, schema);

/** What a request that must not succeed is answered. */
async function refused(
  method: 'POST' | 'PATCH',
  path: string,
  body: unknown,
  who?: Person,
): Promise<Problem> {
  const answer = await product.control.http.app.inject({
    method,
    url: path,
    headers: who ? who.headers : { authorization: `Bearer ${product.adminToken}` },
    payload: body as object,
  });
  expect(answer.statusCode, answer.body).toBeGreaterThanOrEqual(400);
  expect(answer.statusCode).toBeLessThan(500);
  return Problem.parse(answer.json());
}

describe('before a machine has joined', () => {
  it('a render waits and says what for, and its model is in the library', async () => {
    const artifact = await product.upload(duck);
    const render = await product.submit({ files: [{ artifactId: artifact.id }] }, small, 'early');
    // Until placement has looked at it, it only "waits for its turn".
    await product.waitFor(render.job.id, ({ job }) => /no node; join one/.test(job.wait?.message ?? ''));
    const { items } = await get('/api/v1/models', ModelPage);
    expect(items).toMatchObject([
      { name: 'early', format: 'dae', renders: 1, facts: null, may: { use: true } },
    ]);
    await product.api.jobs.change(render.job.id, { intent: 'cancel' });
  });

  it('nothing is offered that no machine has proved', async () => {
    expect(await get('/api/v1/renders/options', RenderOptions)).toMatchObject({
      formats: [],
      engines: [],
      film: false,
    });
  });
});

describe('with a machine', () => {
  beforeAll(() => product.startNode());

  it('turns a model into a film: missing texture brought, frames, contact sheet, zip', async () => {
    const artifact = await product.upload(duck);
    const settings = { ...small, subject: { kind: 'turntable' as const, frames: 5 } };
    const submitted = await product.submit({ files: [{ artifactId: artifact.id }] }, settings, 'duck');
    const { id } = submitted.job;
    const held = await product.waitFor(id, ({ heldTaskId, job }) => heldTaskId !== null && job.wait !== null);
    expect(held.missing).toEqual([{ path: 'duckCM.tga', required: false }]);
    expect(held.preview?.name).toBe('preview-incomplete.png');
    expect(held.job.wait?.message).toContain('duckCM.tga');

    const brought = await product.upload(texture);
    await product.api.transport.call('POST', `/api/v1/renders/${id}/files`, Render, {
      json: { files: [{ artifactId: brought.id, path: 'duckCM.tga' }] },
    });
    const done = await product.waitFor(id, ({ job }) => job.endedAt !== null);
    expect(done.job.failure).toBeNull();
    expect(done.job.state).toBe('succeeded');
    expect(done.frames.map(({ state }) => state)).toEqual(['done', 'done', 'done', 'done', 'done']);
    expect(done.nodes).toMatchObject([{ nodeName: 'studio-1', frames: 5 }]);
    expect(done.film?.meta).toMatchObject({ frames: 5, width: 64, height: 48 });
    expect(done.spent.coreHours).toBeGreaterThan(0);
    expect(done.facts.model?.missing).toEqual([]);

    const names = await zipNames(id);
    expect(names).toEqual([
      'contact-sheet.png',
      'film.mp4',
      ...[1, 2, 3, 4, 5].map((frame) => `frame-00000${frame}.png`),
    ]);
    const legacy = await get(`/api/tasks/${id}/status`, LegacyStatus);
    expect(legacy.data).toMatchObject({
      status: 'completed',
      progress: 100,
      frames: { done: 5, total: 5 },
      error: null,
    });
    const first = legacy.data.results[0];
    const content = await product.api.transport.send('GET', first?.url ?? '');
    expect((await content.arrayBuffer()).byteLength).toBe(first?.size);
  });

  it('remembers the completed model: rendered again, it asks for nothing', async () => {
    const artifact = await product.upload(duck);
    const again = await product.submit({ files: [{ artifactId: artifact.id }] }, small);
    const done = await product.waitFor(again.job.id, ({ job }) => job.endedAt !== null);
    expect(done.job.state).toBe('succeeded');
    const models = await get('/api/v1/models', ModelPage);
    expect(models.items).toHaveLength(1);
    expect(models.items[0]).toMatchObject({
      renders: 3,
      facts: { polygons: 2144 },
      preview: { mediaType: 'image/png' },
      files: expect.arrayContaining([expect.objectContaining({ path: 'duckCM.tga' })]),
    });
    const estimate = await product.api.transport.call('POST', '/api/v1/renders/estimate', Estimate, {
      json: { projectId: product.projectId, modelId: models.items[0]?.id, settings: { preset: 'final' } },
    });
    expect(estimate).toMatchObject({ basis: 'comparable', frames: 1 });
    expect(estimate.lowMs).toBeLessThan(estimate.highMs);
  });

  it('ends with a sentence, and no frame, for a model that can’t be rendered', async () => {
    const artifact = await product.upload(`${corpusDir}/invalid/malformed.obj`);
    const { job } = await product.submit(
      { files: [{ artifactId: artifact.id }] },
      { ...small, acceptMissing: true },
    );
    const ended = await product.waitFor(job.id, (render) => render.job.endedAt !== null);
    expect(ended.job.state).toBe('failed');
    expect(ended.job.failure?.reason).toMatchObject({ code: 'renders.unreadable' });
    expect(ended.frames).toEqual([]);
    const legacy = await get(`/api/tasks/${job.id}/status`, LegacyStatus);
    expect(legacy.data).toMatchObject({ status: 'failed', error: { code: 'renders.unreadable' } });
    const zip = await product.control.http.app.inject({
      url: `/api/v1/renders/${job.id}/download`,
      headers: { authorization: `Bearer ${product.adminToken}` },
    });
    expect(zip.statusCode).toBe(409);
    expect(zip.json()).toMatchObject({ code: 'render_without_results' });
  });

  it('goes on without what is missing when that is accepted, and says so to late files', async () => {
    const lonely = join(scratch, 'lonely.obj');
    await writeFile(
      lonely,
      'mtllib nowhere.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 2 3 4\nf 1 4 3\n',
    );
    const artifact = await product.upload(lonely);
    const { job } = await product.submit({ files: [{ artifactId: artifact.id }] }, small);
    await product.waitFor(job.id, ({ heldTaskId }) => heldTaskId !== null);
    await product.api.transport.call('POST', `/api/v1/renders/${job.id}/files`, Render, {
      json: { acceptMissing: true },
    });
    const done = await product.waitFor(job.id, (render) => render.job.endedAt !== null);
    expect(done.job.state).toBe('succeeded');
    const late = await refused('POST', `/api/v1/renders/${job.id}/files`, { acceptMissing: true });
    expect(late.code).toBe('render_not_waiting');
  });

  it('refuses what makes no sense, with a sentence', async () => {
    const text = join(scratch, 'notes.txt');
    await writeFile(text, 'no model');
    const { id: artifactId } = await product.upload(text);
    const submission = (model: unknown, settings: unknown = {}) => ({
      projectId: product.projectId,
      model,
      settings,
    });
    const cases: [unknown, string][] = [
      [submission({ files: [{ artifactId }] }), 'model_format_unknown'],
      [submission({ files: [{ artifactId, path: '../../etc/x.glb' }] }), 'model_name_invalid'],
      [
        submission({
          files: [
            { artifactId, path: 'a.glb' },
            { artifactId, path: 'A.GLB' },
          ],
        }),
        'model_file_twice',
      ],
      [submission({ files: [{ artifactId: '01a1fbe8-e088-7736-954a-f61c6b86603f' }] }), 'not_found'],
      [submission({ modelId: '01a1fbe8-e088-7736-954a-f61c6b86603f' }), 'not_found'],
      [submission({ files: [] }), 'invalid_input'],
      [
        submission(
          { files: [{ artifactId, path: 'a.glb' }] },
          { subject: { kind: 'animation', frames: '5-1' } },
        ),
        'invalid_input',
      ],
      [submission({ files: [{ artifactId, path: 'a.glb' }] }, { width: 1e9 }), 'invalid_input'],
      [submission({ files: [{ artifactId, path: 'a.glb' }] }, { engine: '; rm -rf /' }), 'invalid_input'],
      [{}, 'invalid_input'],
    ];
    for (const [body, code] of cases)
      expect((await refused('POST', '/api/v1/renders', body)).code).toBe(code);
  });
});

describe('rights to a model', () => {
  it('a private model is seen by its owner and by whom it is shown, and rendered only by whom it is lent', async () => {
    const front = { app: product.control.http.app, adminToken: product.adminToken };
    const grants = [{ projectId: product.projectId, role: 'submitter' as const }];
    const owner = await signedInPerson(front, grants, 'Owner');
    const other = await signedInPerson(front, grants, 'Other');
    const { id: artifactId } = await product.upload(duck);
    const made = await front.app.inject({
      method: 'POST',
      url: '/api/v1/models',
      headers: owner.headers,
      payload: {
        projectId: product.projectId,
        files: [{ artifactId }],
        name: 'secret duck',
        visibility: 'private',
      },
    });
    expect(made.statusCode, made.body).toBe(201);
    const { id } = Model.parse(made.json());
    const path = `/api/v1/models/${id}`;
    const seenBy = async (who: Person) => {
      const one = await front.app.inject({ url: path, headers: who.headers });
      const list = ModelPage.parse(
        (await front.app.inject({ url: '/api/v1/models', headers: who.headers })).json(),
      );
      const listed = list.items.some((model) => model.id === id);
      expect(listed).toBe(one.statusCode === 200);
      return listed;
    };
    const renderIt = { projectId: product.projectId, model: { modelId: id }, settings: small };
    expect(await seenBy(owner)).toBe(true);
    expect(await seenBy(other)).toBe(false);
    expect((await refused('POST', '/api/v1/renders', renderIt, other)).code).toBe('not_found');

    const share = async (right: 'see' | 'use') =>
      front.app.inject({
        method: 'PATCH',
        url: path,
        headers: owner.headers,
        payload: { grants: [{ accountId: other.account.id, right }] },
      });
    expect((await share('see')).statusCode).toBe(200);
    expect(await seenBy(other)).toBe(true);
    expect((await refused('POST', '/api/v1/renders', renderIt, other)).code).toBe('model_not_usable');
    expect((await refused('PATCH', path, { name: 'mine now' }, other)).code).toBe('forbidden');

    expect((await share('use')).statusCode).toBe(200);
    const allowed = await front.app.inject({
      method: 'POST',
      url: '/api/v1/renders',
      headers: other.headers,
      payload: renderIt,
    });
    expect(allowed.statusCode, allowed.body).toBe(201);

    const busy = await front.app.inject({ method: 'DELETE', url: path, headers: owner.headers });
    expect(busy.statusCode).toBe(409);
    await product.api.jobs.change(Render.parse(allowed.json()).job.id, { intent: 'cancel' });
    await product.waitFor(Render.parse(allowed.json()).job.id, ({ job }) => job.endedAt !== null);
    const removed = await front.app.inject({ method: 'DELETE', url: path, headers: owner.headers });
    expect(removed.statusCode, removed.body).toBe(204);
    expect(await seenBy(owner)).toBe(false);
    const { items } = await get('/api/v1/renders', RenderPage);
    expect(items.length).toBeGreaterThan(0);
    const ended = await get('/api/v1/renders?state=canceled', RenderPage);
    expect(ended.items.map(({ job }) => job.id)).toEqual(
      items.filter(({ job }) => job.state === 'canceled').map(({ job }) => job.id),
    );
    expect(ended.items.length).toBeGreaterThan(0);
  });
});

/** Names inside the zip of all results, after its bytes were checked as a whole. */
async function zipNames(id: string): Promise<string[]> {
  const response = await product.api.transport.send('GET', `/api/v1/renders/${id}/download`);
  const bytes = Buffer.from(await response.arrayBuffer());
  const zip = await fromBufferPromise(bytes);
  const names: string[] = [];
  for await (const entry of zip.eachEntry()) {
    const hash = createHash('sha256');
    // Reading to the end checks size and CRC of the entry.
    for await (const chunk of await zip.openReadStreamPromise(entry)) hash.update(chunk as Buffer);
    names.push(entry.fileName);
  }
  return names.sort();
}
