import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { Artifact, ArtifactCheckAnswer, newId, Page, type Role } from '@backlot/contract';
import { type Person, signedInPerson } from '@backlot/testkit/person';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { Model, Render, RenderPage, RenderSettings } from '../contract.ts';
import { type RendersControl, startRendersControl } from './control.ts';

/** Private models through the kernel’s own routes: their bytes are artifacts, and no more to be had than they. */
let test: RendersControl;
let project: string;
let owner: Person;
let member: Person;
let viewer: Person;
let operator: Person;
let turn = 0;

beforeAll(async () => {
  test = await startRendersControl();
});
afterAll(() => test.close());
beforeEach(async () => {
  turn += 1;
  project = await test.project(`film-${turn}`);
  [owner, member, viewer, operator] = (await Promise.all(
    (['submitter', 'submitter', 'viewer', 'operator'] satisfies Role[]).map((role) =>
      signedInPerson({ app: test.control.http.app, adminToken: test.adminToken }, [
        { projectId: project, role },
      ]),
    ),
  )) as [Person, Person, Person, Person];
});

const send = (who: Person, method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, payload?: object) =>
  test.control.http.app.inject({ method, url, headers: who.headers, ...(payload ? { payload } : {}) });
async function ok<S extends z.ZodType>(schema: S, ...request: Parameters<typeof send>): Promise<z.output<S>> {
  const answer = await send(...request);
  if (answer.statusCode >= 300) throw new Error(`${request[1]} ${request[2]}: ${answer.body}`);
  return schema.parse(answer.json());
}

/** Uploads bytes by tus, in one request. */
async function upload(who: Person, name: string, bytes: Buffer): Promise<Artifact> {
  const metadata = Object.entries({ project, filename: name, filetype: 'application/octet-stream' })
    .map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`)
    .join(',');
  const answer = await fetch(`${test.control.url}/api/v1/uploads`, {
    method: 'POST',
    headers: {
      ...who.headers,
      origin: test.control.url,
      'tus-resumable': '1.0.0',
      'upload-length': String(bytes.length),
      'upload-metadata': metadata,
      'content-type': 'application/offset+octet-stream',
    },
    body: new Uint8Array(bytes),
  });
  expect(answer.status, await answer.text()).toBe(201);
  const digest = createHash('sha256').update(bytes).digest('hex');
  const { items } = await ok(Page(Artifact), who, 'GET', `/api/v1/artifacts?projectId=${project}&limit=1`);
  expect(items[0]).toMatchObject({ name, digest });
  return items[0] as Artifact;
}

const keep = (who: Person, visibility: 'project' | 'private', ...files: Artifact[]) =>
  ok(Model, who, 'POST', '/api/v1/models', {
    projectId: project,
    visibility,
    files: files.map(({ id }) => ({ artifactId: id })),
  });
const check = async (who: Person, { digest, size }: Artifact, name: string) =>
  (
    await ok(ArtifactCheckAnswer, who, 'POST', '/api/v1/artifacts/check', {
      projectId: project,
      sha256: digest,
      size,
      name,
    })
  ).artifact;

/** The ways in which somebody can get at an artifact. */
async function waysTo(who: Person, { id }: Artifact): Promise<string[]> {
  const { items } = await ok(Page(Artifact), who, 'GET', `/api/v1/artifacts?projectId=${project}&limit=500`);
  const of = async (path: string) => (await send(who, 'GET', path)).statusCode === 200;
  const ways = {
    list: items.some((item) => item.id === id),
    get: await of(`/api/v1/artifacts/${id}`),
    content: await of(`/api/v1/artifacts/${id}/content`),
    zip: await of(`/api/v1/artifacts/zip?ids=${id}`),
  };
  return Object.entries(ways).flatMap(([way, there]) => (there ? [way] : []));
}
const all = ['list', 'get', 'content', 'zip'];

/** A render of the model, with what an import and a frame would have left: no machine is needed for rights. */
async function renderOf(who: Person, modelId: string) {
  const { job } = await ok(Render, who, 'POST', '/api/v1/renders', {
    projectId: project,
    model: { modelId },
  });
  const { kernel } = test.control;
  const made: Record<string, Artifact> = {};
  for (const [kind, name, mediaType] of [
    ['scene', 'scene.blend', 'application/octet-stream'],
    ['preview', 'preview.png', 'image/png'],
    ['frame', '0001.png', 'image/png'],
  ] as const) {
    const { digest, size } = await kernel.blobs.put(Readable.from([randomBytes(50)], { objectMode: false }));
    const id = newId();
    await kernel.db
      .insertInto('artifact')
      .values({ id, project_id: project, job_id: job.id, name, kind, digest, size, media_type: mediaType })
      .execute();
    made[kind] = await kernel.artifacts.get(id);
  }
  const { scene, preview, frame } = made;
  if (!scene || !preview || !frame) throw new Error('An output was not made.');
  await kernel.db
    .withTables<{ renders_model: { id: string; preview_artifact_id: string } }>()
    .updateTable('renders_model')
    .set({ preview_artifact_id: preview.id })
    .where('id', '=', modelId)
    .execute();
  return { job, scene, preview, frame };
}

describe('the files of a private model', () => {
  it('are there for its owner and operators alone, until it is opened', async () => {
    const file = await upload(owner, 'watch.glb', randomBytes(100));
    expect(await waysTo(viewer, file)).toEqual(all); // a plain upload follows the rights of its project
    const model = await keep(owner, 'private', file);
    for (const who of [owner, operator]) expect(await waysTo(who, file)).toEqual(all);
    for (const who of [member, viewer]) expect(await waysTo(who, file)).toEqual([]);
    await ok(Model, owner, 'PATCH', `/api/v1/models/${model.id}`, { visibility: 'project' });
    for (const who of [member, viewer]) expect(await waysTo(who, file)).toEqual(all);
    await ok(Model, owner, 'PATCH', `/api/v1/models/${model.id}`, { visibility: 'private' });
    expect(await waysTo(member, file)).toEqual([]);
  });

  it('are there for whom a grant names, and not when it is taken back', async () => {
    const file = await upload(owner, 'ring.glb', randomBytes(100));
    const { id } = await keep(owner, 'private', file);
    const grant = (grants: object[]) => ok(Model, owner, 'PATCH', `/api/v1/models/${id}`, { grants });
    await grant([{ accountId: viewer.account.id, right: 'see' }]);
    expect(await waysTo(viewer, file)).toEqual(all);
    expect(await waysTo(member, file)).toEqual([]);
    await grant([{ accountId: member.account.id, right: 'use' }]);
    expect(await waysTo(viewer, file)).toEqual([]);
    expect(await waysTo(member, file)).toEqual(all);
  });

  it('can’t be claimed by their digest, nor made part of anything by their id', async () => {
    const bytes = randomBytes(100);
    const file = await upload(owner, 'car.glb', bytes);
    await keep(owner, 'private', file);
    expect(await check(member, file, 'car.glb')).toBeNull();
    expect(await check(member, file, 'other.glb')).toBeNull();
    const files = [{ artifactId: file.id }];
    for (const [path, body] of [
      ['/api/v1/models', { files }],
      ['/api/v1/renders', { model: { files } }],
    ] as const)
      expect((await send(member, 'POST', path, { projectId: project, ...body })).statusCode).toBe(404);
    // Whoever has the bytes brings them; then that copy is theirs, and the owner's stays closed.
    const copy = await upload(member, 'car.glb', bytes);
    expect(await waysTo(member, copy)).toEqual(all);
    await keep(member, 'project', copy);
    expect(await waysTo(viewer, copy)).toEqual(all);
    expect(await waysTo(viewer, file)).toEqual([]);
  });

  it('can’t be brought to a node by a job that names their digest', async () => {
    const file = await upload(owner, 'safe.glb', randomBytes(100));
    await keep(owner, 'private', file);
    const { digest, size } = file;
    const parameters = {
      modelId: null,
      main: 'safe.glb',
      files: [{ name: 'safe.glb', digest, size }],
      settings: RenderSettings.parse({}),
    };
    const job = { kind: 'renders.render', projectId: project, name: 'x', parameters };
    const answer = await send(member, 'POST', '/api/v1/jobs', job);
    expect([answer.statusCode, answer.json().params]).toEqual([404, { what: 'file', id: digest }]);
    expect((await send(owner, 'POST', '/api/v1/jobs', job)).statusCode).toBe(201);
  });

  it('stay closed under every name that the owner gives them', async () => {
    const bytes = randomBytes(100);
    const file = await upload(owner, 'lamp.glb', bytes);
    await keep(owner, 'private', file);
    const renamed = await check(owner, file, 'lamp-2.glb');
    const again = await upload(owner, 'lamp-3.glb', bytes);
    if (!renamed) throw new Error('The owner may claim their own bytes.');
    for (const one of [renamed, again]) {
      expect(await waysTo(owner, one)).toEqual(all);
      expect(await waysTo(member, one)).toEqual([]);
    }
  });

  it('that an open model is made of as well stay open, and nobody can hide what another has uploaded', async () => {
    const texture = await upload(member, 'wood.png', randomBytes(40));
    await keep(member, 'project', await upload(member, 'table.glb', randomBytes(40)), texture);
    await keep(owner, 'private', await upload(owner, 'chair.glb', randomBytes(40)), texture);
    expect(await waysTo(viewer, texture)).toEqual(all);
    const raw = await upload(member, 'raw.glb', randomBytes(40));
    await keep(owner, 'private', raw);
    expect(await waysTo(member, raw)).toEqual(all);
  });

  it('are not opened by deleting the model', async () => {
    const bytes = randomBytes(100);
    const file = await upload(owner, 'gem.glb', bytes);
    const { id } = await keep(owner, 'private', file);
    const renamed = await check(owner, file, 'gem-2.glb');
    expect((await send(owner, 'DELETE', `/api/v1/models/${id}`)).statusCode).toBe(204);
    expect(renamed && (await waysTo(member, renamed))).toEqual([]);
    expect(renamed && (await waysTo(owner, renamed))).toEqual(all);
  });
});

describe('a render of a private model', () => {
  it('shows its results to the project, and neither scene nor preview', async () => {
    const { id } = await keep(owner, 'private', await upload(owner, 'boat.glb', randomBytes(100)));
    const { job, scene, preview, frame } = await renderOf(owner, id);
    for (const who of [owner, operator])
      for (const one of [scene, preview, frame]) expect(await waysTo(who, one)).toEqual(all);
    for (const who of [member, viewer]) {
      for (const one of [scene, preview]) expect(await waysTo(who, one)).toEqual([]);
      expect(await waysTo(who, frame)).toEqual(all);
    }
    const seen = async (who: Person) =>
      (await ok(Render, who, 'GET', `/api/v1/renders/${job.id}`)).preview?.id;
    expect([await seen(owner), await seen(viewer)]).toEqual([preview.id, undefined]);
  });

  it('is listed with its newest frame, or without a picture', async () => {
    const { id } = await keep(owner, 'private', await upload(owner, 'shoe.glb', randomBytes(100)));
    const { frame, preview } = await renderOf(owner, id);
    const picture = async (who: Person) =>
      (await ok(RenderPage, who, 'GET', `/api/v1/renders?projectId=${project}`)).items[0]?.picture?.id;
    expect([await picture(owner), await picture(viewer)]).toEqual([frame.id, frame.id]);
    await test.control.kernel.transaction((tx) => test.control.kernel.artifacts.remove(tx, [frame.id]));
    expect([await picture(owner), await picture(viewer)]).toEqual([preview.id, undefined]);
  });

  it('shows everything when the model is the project’s', async () => {
    const { id } = await keep(owner, 'project', await upload(owner, 'hat.glb', randomBytes(100)));
    const { scene, preview } = await renderOf(owner, id);
    for (const one of [scene, preview]) expect(await waysTo(viewer, one)).toEqual(all);
  });
});
