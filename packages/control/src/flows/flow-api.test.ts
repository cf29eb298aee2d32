import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '@backlot/contract';
import { ApiClient } from '@backlot/sdk';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { cheapPasswords } from '@backlot/testkit/test-front';
import { tinyControl } from '@backlot/testkit/tiny/control';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Control, createControl } from '../control.ts';
import { createLog } from '../telemetry/log.ts';
import type { ControlWorkload } from '../workload.ts';

const said: string[] = [];
const words = (en: string) => ({ en, 'zh-CN': en });
/** A step that the control plane performs, so that whole runs need no node. */
const teller: ControlWorkload = {
  name: 'teller',
  taskKinds: {},
  steps: [
    {
      kind: 'teller.tell',
      title: words('Tell'),
      summary: words('Tells'),
      parameters: z.object({ text: z.string().meta({ phrase: words('Text') }) }),
      inputs: { file: { type: 'file', required: false } },
      outputs: {},
      performedBy: 'control',
    },
  ],
  performs: {
    'teller.tell': async (_tx, input) => {
      said.push((input.parameters as { text: string }).text);
      return { ports: {} };
    },
  },
};

const adminToken = 'the-administration-token-of-flows';
let control: Control;
let database: TestDatabase;
let dataDir: string;
let api: ApiClient;
let projectId: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'backlot-flows-'));
  database = await createTestDatabase({ empty: true });
  control = await createControl({
    config: { host: '127.0.0.1', port: 0, dataDir, adminToken },
    database: database.url,
    workloads: [tinyControl, teller],
    log: createLog({ name: 'control', level: 'silent' }),
    passwordCost: cheapPasswords,
  });
  api = new ApiClient({ baseUrl: control.url, token: adminToken });
  for await (const project of api.access.projects()) projectId = project.id;
});
afterAll(async () => {
  await control?.close();
  await database?.close();
  await rm(dataDir, { recursive: true, force: true });
});

const textOf = (name: string, trigger: string, tell = '{{trigger.title}}') =>
  `# what is said\nversion: 1\nname: ${name}\ntrigger: ${trigger}\nsteps:\n  - id: tell\n    kind: teller.tell\n    with: { text: '${tell}' }\n`;
const create = (name: string, trigger = '{ kind: flow.manual }', tell?: string) =>
  api.flows.create({ projectId, text: textOf(name, trigger, tell) });
async function until<T>(
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  what: string,
): Promise<T> {
  for (let n = 0; n < 2_000; n += 1) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`Waited 20 s for this: ${what}.`);
}
const heard = (text: string) => until(() => said.includes(text), `"${text}" is said`);

describe('a flow', () => {
  it('are listed page by page, each once, whatever letters their names begin with', async () => {
    const names = ['Über 1', 'Über 2', 'Über 3', 'ÜBER 4', 'İ 5', 'über 6'];
    for (const name of names) {
      const definition = { version: 1 as const, name, trigger: { kind: 'flow.manual' }, steps: [] };
      await api.flows.create({ projectId, definition, note: '' });
    }
    const found: string[] = [];
    for await (const { name } of api.flows.list({ projectId, limit: 1 })) found.push(name);
    expect(found.filter((name) => names.includes(name)).toSorted()).toEqual(names.toSorted());
  });

  it('is kept as it was written, in versions that stay', async () => {
    const flow = await create('versions');
    expect(flow).toMatchObject({
      version: 1,
      enabled: true,
      trigger: 'flow.manual',
      kinds: ['teller.tell'],
      steps: 1,
      problem: null,
    });
    expect(flow.text).toContain('# what is said');
    const same = await api.flows.save(flow.id, { text: flow.text });
    expect(same.version).toBe(1);
    const saved = await api.flows.save(flow.id, { text: `${flow.text}# more\n`, base: 1, note: 'a word' });
    expect(saved.version).toBe(2);
    await expect(api.flows.save(flow.id, { text: flow.text, base: 1 })).rejects.toMatchObject({
      code: 'flow_changed',
    });
    const versions = [];
    for await (const version of api.flows.versions(flow.id)) versions.push([version.number, version.note]);
    expect(versions).toEqual([
      [2, 'a word'],
      [1, ''],
    ]);
    expect((await api.flows.version(flow.id, 1)).text).toBe(flow.text);
    await expect(create('Versions')).rejects.toMatchObject({ code: 'flow_name_taken' });
    const yaml = await fetch(`${control.url}/api/v1/flows/${flow.id}/yaml`, {
      headers: { authorization: `Bearer ${adminToken}` },
    });
    expect(await yaml.text()).toBe(saved.text);
    await expect(
      sql`UPDATE flow_version SET text = 'x' WHERE flow_id = ${flow.id}`.execute(database.db),
    ).rejects.toThrow('never changes');
  });

  it('is refused with every place that is wrong', async () => {
    const bad = textOf('bad', '{ kind: flow.nothing }').replace('teller.tell', 'teller.shout');
    const { issues, definition } = await api.flows.check({ text: bad });
    expect(definition).not.toBeNull();
    expect(issues.map(({ code, line }) => [code, line])).toEqual([
      ['flow.trigger_unknown', 4],
      ['flow.kind_unknown', 7],
    ]);
    await expect(api.flows.create({ projectId, text: bad })).rejects.toMatchObject({ code: 'flow_invalid' });
    await expect(
      api.flows.create({
        projectId,
        definition: {
          version: 1,
          name: 'x',
          trigger: { kind: 'flow.schedule', with: { cron: '* * * * * *' } },
          steps: [],
        },
      }),
    ).rejects.toMatchObject({ code: 'flow_invalid' });
  });

  it('can be made of what the catalogue says', async () => {
    const catalogue = await api.flows.catalogue();
    expect(catalogue.steps.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining([
        'flow.condition',
        'flow.wait',
        'flow.gather',
        'flow.for-each',
        'flow.delete',
        'teller.tell',
      ]),
    );
    const tell = catalogue.steps.find(({ kind }) => kind === 'teller.tell');
    expect(tell).toMatchObject({
      branches: ['ok', 'error'],
      performedBy: 'control',
      parameters: { properties: { text: { type: 'string', phrase: { en: 'Text' } } } },
    });
    expect(catalogue.steps.find(({ kind }) => kind === 'flow.condition')?.branches).toEqual([
      'true',
      'false',
      'error',
    ]);
    expect(catalogue.triggers.map(({ kind }) => kind)).toEqual([
      'flow.manual',
      'flow.schedule',
      'flow.webhook',
      'flow.artifact',
    ]);
    // Their kinds are not installed here.
    expect(await api.flows.templates()).toEqual([]);
  });
});

describe('a trigger', () => {
  it('by hand starts a run with data, once for a key', async () => {
    const flow = await create('by hand');
    const run = await api.flows.run(flow.id, { data: { title: 'hello' }, key: 'k' });
    const same = await api.flows.run(flow.id, { data: { title: 'again' }, key: 'k' });
    expect(same.id).toBe(run.id);
    await heard('hello');
    const ended = await until(async () => {
      const found = await api.flows.getRun(run.id);
      return found.endedAt !== null && found;
    }, 'the run ends');
    expect(ended).toMatchObject({
      state: 'succeeded',
      counts: { succeeded: 1 },
      startedBy: { name: expect.any(String) },
    });
    expect(said).not.toContain('again');
    await expect(api.flows.cancelRun(run.id)).rejects.toMatchObject({ code: 'flow_run_ended' });
    await expect(api.flows.retryRun(run.id)).rejects.toMatchObject({ code: 'flow_run_done' });
    const retried = await api.flows.retryRun(run.id, { from: 'tell' });
    expect(retried).toMatchObject({ retryOf: run.id });
    await until(() => said.filter((text) => text === 'hello').length === 2, 'it is said once more');
    await expect(api.flows.retryRun(run.id, { from: 'nothing' })).rejects.toMatchObject({
      code: 'flow_step_unknown',
    });
    await expect(api.flows.run(flow.id, { artifacts: { file: [newId()] } })).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(api.flows.run(flow.id, { artifacts: { sound: [] as string[] } })).rejects.toMatchObject({
      status: 400,
    });
  });

  it('by hand takes a day of a channel in segments of ten seconds, and no more than fits into a request', async () => {
    const flow = await create('a day');
    await sql`INSERT INTO blob (digest, size) VALUES (repeat('0', 64), 1)`.execute(database.db);
    const { rows } = await sql<{ id: string }>`
      INSERT INTO artifact (id, project_id, name, kind, digest, size, media_type)
      SELECT gen_random_uuid(), ${projectId}, 's' || n || '.flv', 'segment', repeat('0', 64), n, 'video/x-flv'
      FROM generate_series(1, 8640) AS n RETURNING id
    `.execute(database.db);
    const files = rows.map(({ id }) => id);
    const run = await api.flows.run(flow.id, { artifacts: { files }, data: { title: 'a day' } });
    await heard('a day');
    const begun = await sql<{ ids: string[] }>`
      SELECT jsonb_path_query_array(trigger_ports, '$.files.files[*].artifactId') AS ids FROM flow_run WHERE id = ${run.id}
    `.execute(database.db);
    expect(begun.rows[0]?.ids).toEqual(files);
    const many = Array.from({ length: 20_001 }, () => newId());
    await expect(api.flows.run(flow.id, { artifacts: { files: many } })).rejects.toMatchObject({
      status: 400,
    });
  });

  it('by webhook needs its secret address, takes JSON as data, and starts once for a key', async () => {
    const flow = await create('hooked', '{ kind: flow.webhook }');
    expect(flow.hook).toMatch(/^\/api\/v1\/flow-hooks\/[A-Za-z0-9_-]{64}$/);
    const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
      fetch(`${control.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
    const first = await post(flow.hook as string, { title: 'from outside', __proto__: { x: 1 } });
    expect(first.status).toBe(202);
    await heard('from outside');
    const keyed = () => post(flow.hook as string, { title: 'twice' }, { 'idempotency-key': 'abc' });
    const one = await (await keyed()).json();
    expect(await (await keyed()).json()).toEqual(one);
    const forged = `${(flow.hook as string).slice(0, -1)}${(flow.hook as string).endsWith('A') ? 'B' : 'A'}`;
    expect((await post(forged, {})).status).toBe(404);
    expect((await post('/api/v1/flow-hooks/x', {})).status).toBe(404);
    expect((await post(flow.hook as string, [1])).status).toBe(400);
    expect((await post(flow.hook as string, '{')).status).toBe(400);
    expect((await post(flow.hook as string, { title: 'x'.repeat(100_000) })).status).toBe(413);
    await api.flows.change(flow.id, { enabled: false });
    expect(await (await post(flow.hook as string, { title: 'off' })).json()).toEqual({ run: null });
  });

  it('by schedule fires once for its time, also when that passed long ago', async () => {
    const flow = await create(
      'scheduled',
      "{ kind: flow.schedule, with: { cron: '0 4 * * *', timeZone: Asia/Shanghai } }",
      '{{trigger.at}}',
    );
    expect(flow.nextAt).toMatch(/T20:00:00\.000Z$/);
    await sql`UPDATE flow SET next_at = '2020-01-01T20:00:00Z' WHERE id = ${flow.id}`.execute(database.db);
    await heard('2020-01-01T20:00:00.000Z');
    const after = await until(async () => {
      const found = await api.flows.get(flow.id);
      return found.nextAt !== null && found.nextAt > new Date().toISOString() && found;
    }, 'it has a next time');
    expect(after.lastRun?.state).toBeDefined();
    const runs = [];
    for await (const run of api.flows.runs({ flowId: flow.id })) runs.push(run.key);
    expect(runs).toEqual(['schedule:2020-01-01T20:00:00.000Z']);
  });

  it('by file fires for each that fits, and not for what flows make', async () => {
    await create('files', '{ kind: flow.artifact, with: { mediaType: video/ } }', '{{trigger.name}} came');
    const artifact = async (name: string, mediaType: string) => {
      const digest = newId().replaceAll('-', '').repeat(2);
      await sql`INSERT INTO blob (digest, size) VALUES (${digest}, 1)`.execute(database.db);
      const id = newId();
      await control.kernel.transaction(async (tx) => {
        await sql`
          INSERT INTO artifact (id, project_id, name, kind, digest, size, media_type)
          VALUES (${id}, ${projectId}, ${name}, 'upload', ${digest}, 1, ${mediaType})
        `.execute(tx);
        await control.kernel.events.append(tx, [
          { projectId, kind: 'artifact.created', subject: { kind: 'artifact', id }, body: {} },
        ]);
      });
      control.kernel.events.wake();
      return id;
    };
    await artifact('notes.txt', 'text/plain');
    const id = await artifact('film.mp4', 'video/mp4');
    await heard('film.mp4 came');
    expect(said).not.toContain('notes.txt came');
    const found = await control.kernel.flows.runsOf('artifact', [id]);
    expect(found.size).toBe(1);
  });
});

describe('removing a flow', () => {
  it('keeps its runs, and waits for those that are open', async () => {
    const flow = await api.flows.create({
      projectId,
      definition: {
        version: 1,
        name: 'slow',
        trigger: { kind: 'flow.manual' },
        steps: [{ id: 'pause', kind: 'flow.wait', with: { for: '1d' } }],
      },
    });
    const run = await api.flows.run(flow.id);
    await expect(api.flows.remove(flow.id)).rejects.toMatchObject({ code: 'flow_in_use' });
    await api.flows.cancelRun(run.id);
    expect((await api.flows.getRun(run.id)).state).toBe('canceled');
    await api.flows.remove(flow.id);
    await expect(api.flows.get(flow.id)).rejects.toMatchObject({ code: 'not_found' });
    expect((await api.flows.getRun(run.id)).name).toBe('slow');
    const { rows } = await sql<{ action: string }>`
      SELECT action FROM audit WHERE subject_id IN (${flow.id}, ${run.id}) ORDER BY seq
    `.execute(database.db);
    expect(rows.map(({ action }) => action)).toEqual([
      'flow.create',
      'flow-run.start',
      'flow-run.cancel',
      'flow.delete',
    ]);
  });
});
