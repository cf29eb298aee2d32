import { newId, Project } from '@backlot/contract';
import { createTestFront, type TestFront } from '@backlot/testkit/test-front';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let front: TestFront;
beforeAll(async () => {
  front = await createTestFront();
});
afterAll(() => front.close());

const call = async (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, payload?: object) => {
  const headers = { authorization: `Bearer ${front.adminToken}` };
  const answer = await front.app.inject({
    method,
    url: `/api/v1${path}`,
    headers,
    ...(payload ? { payload } : {}),
  });
  return { status: answer.statusCode, body: answer.body === '' ? undefined : answer.json() };
};

describe('projects', () => {
  it('begin with one, so that there is a place for the first upload; a restart adds none', async () => {
    expect((await call('GET', '/projects')).body.items).toMatchObject([{ slug: 'default' }]);
    const again = await createTestFront({ database: front.database });
    expect((await call('GET', '/projects')).body.items).toHaveLength(1);
    await again.close();
  });

  it('are made, changed field by field, and told of in events', async () => {
    const made = await call('POST', '/projects', { slug: 'film', name: 'Film', quota: { cpu: 16 } });
    expect(made.status).toBe(201);
    const project = Project.parse(made.body);
    expect(project).toMatchObject({ slug: 'film', weight: 1, quota: { cpu: 16 }, retentionDays: null });
    const changed = await call('PATCH', `/projects/${project.id}`, { weight: 2.5, retentionDays: 30 });
    expect(changed.body).toEqual({ ...project, weight: 2.5, retentionDays: 30 });
    const forever = await call('PATCH', `/projects/${project.id}`, { retentionDays: null });
    expect(forever.body).toEqual({ ...project, weight: 2.5 });
    const { items } = (await call('GET', `/events?projectId=${project.id}`)).body;
    expect(items.map((event: { kind: string }) => event.kind)).toEqual([
      'project.changed',
      'project.changed',
      'project.created',
    ]);
  });

  it('have short names that differ', async () => {
    const answer = await call('POST', '/projects', { slug: 'film', name: 'Another' });
    expect(answer).toMatchObject({ status: 409, body: { code: 'slug_taken', pointer: 'body.slug' } });
  });

  it('are paged by short name', async () => {
    for (const slug of ['p-a', 'p-b', 'p-c']) await call('POST', '/projects', { slug, name: slug });
    const slugs: string[] = [];
    let cursor = '';
    do {
      const { body } = await call('GET', `/projects?limit=2${cursor}`);
      slugs.push(...body.items.map((project: { slug: string }) => project.slug));
      cursor = body.next ? `&cursor=${body.next}` : '';
    } while (cursor !== '');
    expect(slugs).toEqual(['default', 'film', 'p-a', 'p-b', 'p-c']);
  });

  it('are deleted only when they hold nothing any more', async () => {
    const { id } = (await call('POST', '/projects', { slug: 'full', name: 'Full' })).body;
    const job = newId();
    await front.database.db
      .insertInto('job')
      .values({ id: job, project_id: id, kind: 'x', name: 'x' })
      .execute();
    expect(await call('DELETE', `/projects/${id}`)).toMatchObject({
      status: 409,
      body: { code: 'project_in_use', params: { jobs: 1, artifacts: 0 } },
    });
    await front.database.db.deleteFrom('job').where('id', '=', job).execute();
    expect((await call('DELETE', `/projects/${id}`)).status).toBe(204);
    expect((await call('GET', `/projects/${id}`)).body.code).toBe('not_found');
  });
});
