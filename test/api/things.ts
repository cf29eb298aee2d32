import { createHash } from 'node:crypto';
import { newId } from '@backlot/contract';
import type { Places } from '@backlot/testkit/callers';
import { sql } from 'kysely';
import type { TestControl } from './control.ts';

/** One of everything that a route can be about, all in one project. */
export interface Things {
  readonly project: string;
  readonly job: string;
  readonly task: string;
  readonly allocation: string;
  readonly artifact: string;
  readonly upload: string;
  readonly webhook: string;
  readonly node: string;
  readonly flow: string;
  readonly flowRun: string;
}

/** Makes them, directly in the database where making one properly would need a node. */
export async function makeThings(test: TestControl, places: Places): Promise<Things> {
  const { db } = test.control.store;
  const { app } = test.control.http;
  const project = places.project;
  const headers = { authorization: `Bearer ${test.adminToken}` };
  const post = async (url: string, payload: object) => {
    const answer = await app.inject({ method: 'POST', url, headers, payload });
    if (answer.statusCode >= 300) throw new Error(`POST ${url}: ${answer.body}`);
    return answer.json();
  };
  const job = await post('/api/v1/jobs', { kind: 'tiny.count', projectId: project, name: 'Count' });
  const { webhook } = await post('/api/v1/webhooks', { projectId: project, url: 'https://example.com/hook' });
  const task = await db
    .selectFrom('task')
    .select('id')
    .where('job_id', '=', job.id)
    .executeTakeFirstOrThrow();

  const node = newId();
  await db.insertInto('node').values({ id: node, name: 'n', public_key: 'k', pool: 'default' }).execute();
  const allocation = newId();
  await db
    .insertInto('allocation')
    .values({
      id: allocation,
      task_id: task.id,
      job_id: job.id,
      project_id: project,
      node_id: node,
      node_epoch: 1,
      attempt: 1,
      class: 'batch',
      resources: JSON.stringify({ cpu: 0, memory: 0, disk: 0, gpus: [], packets: 0 }),
      state: 'ended',
      outcome: 'rejected',
      ended_at: new Date(),
      offer_until: sql<Date>`now()`,
    })
    .execute();

  const bytes = Buffer.from('a file');
  const digest = createHash('sha256').update(bytes).digest('hex');
  await db.insertInto('blob').values({ digest, size: bytes.length }).execute();
  const artifact = newId();
  await db
    .insertInto('artifact')
    .values({
      id: artifact,
      project_id: project,
      name: 'a.txt',
      kind: 'file',
      digest,
      size: bytes.length,
      media_type: 'text/plain',
    })
    .execute();
  const upload = newId();
  await db
    .insertInto('upload')
    .values({ id: upload, project_id: project, name: 'b.txt', media_type: 'text/plain', size: 3 })
    .execute();
  const flow = await post('/api/v1/flows', { projectId: project, definition: aFlow('one') });
  const { id: flowRun } = await post(`/api/v1/flows/${flow.id}/runs`, {});
  return {
    project,
    job: job.id,
    task: task.id,
    allocation,
    artifact,
    upload,
    webhook: webhook.id,
    node,
    flow: flow.id,
    flowRun,
  };
}

/** A flow that waits, and needs nothing. */
const aFlow = (name: string) => ({
  version: 1,
  name,
  trigger: { kind: 'flow.manual' },
  steps: [{ id: 'pause', kind: 'flow.wait', with: { for: '1d' } }],
});

/** The thing that a route's `:id` stands for. */
export function idFor(url: string, things: Things): string {
  const collection = url.split('/')[3] ?? '';
  const known: Record<string, string> = {
    projects: things.project,
    jobs: things.job,
    tasks: things.task,
    allocations: things.allocation,
    artifacts: things.artifact,
    uploads: things.upload,
    webhooks: things.webhook,
    nodes: things.node,
    flows: things.flow,
    'flow-runs': things.flowRun,
  };
  return known[collection] ?? newId();
}

/** The least that a request needs to be understood, for routes whose project stands in it. */
export function requestFor(
  method: string,
  template: string,
  things: Things,
): { url: string; payload?: object | string; headers?: Record<string, string> } {
  const url = template
    .replace(':digest', 'a'.repeat(64))
    .replace(':stream', 'stdout')
    .replace(':position', '0')
    .replace(':name', 'somewhere')
    .replace(':number', '1')
    .replace(':token', 'x')
    .replace(/:(accountId|deliveryId)/, newId())
    .replace(':id', idFor(template, things))
    .replace('*', 'index.html');
  const route = `${method} ${template}`;
  const project = { projectId: things.project };
  const bodies: Record<string, object> = {
    'POST /api/v1/jobs': { ...project, kind: 'tiny.count', name: 'x' },
    'POST /api/v1/artifacts/check': { ...project, sha256: 'a'.repeat(64), size: 1, name: 'x' },
    'POST /api/v1/flows': { ...project, definition: aFlow('x') },
    'POST /api/v1/flows/check': { definition: aFlow('x') },
    'PUT /api/v1/flows/:id': { definition: aFlow('one') },
    'POST /api/v1/webhooks': { ...project, url: 'https://example.com' },
    'POST /api/v1/projects/:id/members': { email: 'x@example.com', role: 'viewer' },
    'PUT /api/v1/projects/:id/members/:accountId': { role: 'viewer' },
  };
  if (template.startsWith('/api/v1/uploads')) {
    const metadata = `project ${Buffer.from(things.project).toString('base64')},filename ${Buffer.from('x').toString('base64')}`;
    return {
      url,
      headers: { 'tus-resumable': '1.0.0', 'upload-metadata': metadata, 'upload-length': '3' },
    };
  }
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || method === 'DELETE') return { url };
  return { url, payload: bodies[route] ?? {} };
}
