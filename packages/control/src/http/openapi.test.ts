import { createTestFront, type TestFront } from '@backlot/testkit/test-front';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operationId, tagOf } from './openapi.ts';
import { tidyOpenApi } from './openapi-tidy.ts';

interface Operation {
  readonly summary?: string;
  readonly operationId?: string;
  readonly security?: Record<string, string[]>[];
  readonly responses: Record<string, { description: string; content?: Record<string, unknown> }>;
  readonly parameters?: { name: string; in: string; description?: string }[];
}
interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { schemas: Record<string, unknown>; securitySchemes: Record<string, unknown> };
}

let front: TestFront;
let document: Document;
let base: string;
beforeAll(async () => {
  front = await createTestFront();
  const { host, port } = await front.http.listen('127.0.0.1', 0);
  base = `http://${host}:${port}`;
  document = (await front.app.inject({ url: '/api/openapi.json' })).json();
});
afterAll(() => front.close());

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, operation })),
  );

describe('the description of the API', () => {
  it('is OpenAPI 3.1 and has every route of the API', () => {
    expect(document.openapi).toBe('3.1.0');
    const described = operations().map(({ name }) => name);
    const routes = front.http
      .routes()
      .filter(({ method, url }) => method !== 'HEAD' && !/^\/api\/(docs|openapi)|\*/.test(url))
      .map(({ method, url }) => `${method.toLowerCase()} ${url.replace(/:(\w+)/g, '{$1}')}`);
    expect(described.sort()).toEqual(routes.sort());
  });

  it('says of every list how to turn its pages', () => {
    const turned = operations().flatMap(({ operation }) =>
      (operation.parameters ?? []).filter(({ name }) => name === 'cursor' || name === 'limit'),
    );
    expect(turned.length).toBeGreaterThan(0);
    for (const { name, description = '' } of turned) expect(description, name).toMatch(/^\S.*\.$/);
  });

  it('says of every operation what it does, who may, and how it fails', () => {
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { name, operation } of operations()) {
      expect(operation.summary, name).toMatch(/^\S.*\.$/);
      expect(operation.security, name).toBeDefined();
      expect(operation.responses.default?.content, name).toHaveProperty('application/problem+json');
      for (const [status, { description }] of Object.entries(operation.responses)) {
        expect(description, `${name} ${status}`).not.toBe('Default Response');
      }
    }
    const { security } = document.paths['/api/v1/accounts']?.get ?? {};
    expect(security).toEqual([{ token: ['accounts.manage'] }, { session: [] }]);
    expect(document.paths['/healthz']?.get?.security).toEqual([]);
    expect(document.paths['/api/v1/projects']?.post?.parameters).toContainEqual(
      expect.objectContaining({ name: 'idempotency-key', in: 'header' }),
    );
  });

  it('refers only to what it defines, and defines only what it refers to', () => {
    const text = JSON.stringify(document);
    const used = new Set([...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name));
    expect([...used].sort()).toEqual(Object.keys(document.components.schemas).sort());
    expect(text).not.toContain('__SCHEMA');
  });
});

describe('the rendered reference', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  });
  afterAll(() => browser?.close());

  it('works in a browser under our policy, without asking anybody else for anything', async () => {
    const page = await browser.newPage();
    const complaints: string[] = [];
    const foreign: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => {
      if (!request.url().startsWith(base) && !request.url().startsWith('data:')) foreign.push(request.url());
    });
    await page.goto(`${base}/api/docs`, { timeout: 60_000 });
    await page.getByText('Make a project.').waitFor({ timeout: 60_000 });
    expect(await page.getByText('Backlot', { exact: false }).first().isVisible()).toBe(true);
    expect(complaints).toEqual([]);
    expect(foreign).toEqual([]);
    await page.close();
  });
});

describe('names', () => {
  it.each([
    ['GET', '/api/v1/jobs/:id', 'getJobsById', 'jobs'],
    ['POST', '/api/v1/jobs/:id/retry-failed', 'postJobsByIdRetryFailed', 'jobs'],
    ['GET', '/healthz', 'getHealthz', 'system'],
    ['GET', '/api/tasks/:id/status', 'getApiTasksByIdStatus', 'compatibility'],
  ])('of %s %s are %s in %s', (method, url, id, tag) => {
    expect([operationId(method, url), tagOf(url)]).toEqual([id, tag]);
  });
});

describe('tidying', () => {
  it('keeps apart what is read and what is written where they differ', () => {
    const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
    const tidy = tidyOpenApi({
      components: {
        schemas: { A: {}, AInput: {}, BInput: { x: ref('CInput') }, C: {}, CInput: {}, Unused: ref('A') },
      },
      paths: {
        '/x': {
          get: {
            responses: { 200: { description: 'Default Response' } },
            body: [ref('A'), ref('AInput'), ref('BInput')],
          },
        },
      },
    });
    expect(tidy.components?.schemas).toEqual({ A: {}, AInput: {}, B: { x: ref('C') }, C: {} });
    expect(tidy.paths?.['/x']?.get).toEqual({
      responses: { 200: { description: 'OK' } },
      body: [ref('A'), ref('AInput'), ref('B')],
    });
  });
});
