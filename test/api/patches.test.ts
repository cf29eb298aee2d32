import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Control, createControl } from '@backlot/control';
import { createLog } from '@backlot/control/telemetry/log';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { cheapPasswords } from '@backlot/testkit/test-front';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { workloads } from '../../packages/cli/src/workloads.ts';

/** The description of the whole product's API, which comes from the same schemas as what is accepted. */
let folder: string;
let database: TestDatabase;
let control: Control;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backlot-patches-'));
  database = await createTestDatabase({ empty: true });
  control = await createControl({
    config: { host: '127.0.0.1', port: 0, dataDir: folder, adminToken: 'the-administration-token-of-tests' },
    database: database.url,
    workloads: await Promise.all(workloads.map((workload) => workload.control())),
    log: createLog({ name: 'control', level: 'silent' }),
    passwordCost: cheapPasswords,
  });
});
afterAll(async () => {
  await control?.close();
  await database?.close();
  await rm(folder, { recursive: true, force: true });
});

type Schema = {
  readonly $ref?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
};

it('a PATCH changes what it names: nothing in its body has a default', async () => {
  const answer = await control.http.app.inject({ method: 'GET', url: '/api/openapi.json' });
  const description = answer.json();
  const resolve = (schema: Schema): Schema =>
    schema.$ref === undefined
      ? schema
      : resolve(description.components.schemas[schema.$ref.split('/').at(-1) ?? '']);
  const patches = Object.entries<
    Record<string, { requestBody?: { content: Record<string, { schema: Schema }> } }>
  >(description.paths).flatMap(([path, methods]) => {
    const schema = methods.patch?.requestBody?.content['application/json']?.schema;
    return schema ? [[path, resolve(schema)] as const] : [];
  });
  expect(patches.length).toBeGreaterThan(10);
  const wrong = patches.flatMap(([path, { properties = {} }]) =>
    Object.entries(properties)
      .filter(([, property]) => resolve(property).default !== undefined)
      .map(([name]) => `${path}: ${name}`),
  );
  expect(wrong).toEqual([]);
});
