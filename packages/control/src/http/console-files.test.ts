import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { createTestFront, type TestFront } from '@backlot/testkit/test-front';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consolePolicy } from './security-headers.ts';

let folder: string;
let database: TestDatabase;
let front: TestFront;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backlot-console-'));
  await writeFile(join(folder, 'secret.txt'), 'outside');
  const dist = join(folder, 'dist');
  await mkdir(join(dist, 'assets'), { recursive: true });
  await writeFile(join(dist, 'index.html'), '<!doctype html><div id="root"></div>');
  await writeFile(join(dist, 'favicon.svg'), '<svg/>');
  await writeFile(join(dist, 'assets', 'main-abc123.js'), 'console.log(1)');
  database = await createTestDatabase();
  front = await createTestFront({ database, consoleDir: dist });
});
afterAll(async () => {
  await front.close();
  await database.close();
  await rm(folder, { recursive: true });
});

const page = { accept: 'text/html,application/xhtml+xml' };

describe('the console', () => {
  it.each(['/', '/renders/019ab3c4', '/nodes', '/setup'])(
    'is the page at %s, always asked for anew, under a strict policy',
    async (url) => {
      const answer = await front.app.inject({ url, headers: page });
      expect(answer.statusCode).toBe(200);
      expect(answer.body).toContain('id="root"');
      expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
      expect(answer.headers['content-security-policy']).toBe(consolePolicy);
      expect(answer.headers['content-security-policy']).not.toContain('unsafe');
      expect(answer.headers['cache-control']).toBe('no-cache');
    },
  );

  it('has files that never change, kept by browsers for good', async () => {
    const answer = await front.app.inject({ url: '/assets/main-abc123.js' });
    expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(answer.headers['content-type']).toContain('javascript');
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect((await front.app.inject({ url: '/favicon.svg' })).headers['cache-control']).toBe('no-cache');
  });

  it('does not answer a missing file or a wrong API address with a page', async () => {
    for (const url of ['/assets/old-999.js', '/nothing.png', '/api/v1/nothing', '/api/nothing']) {
      const answer = await front.app.inject({ url, headers: page });
      expect(answer.statusCode, url).toBe(404);
      expect(answer.json().code).toBe('route_not_found');
    }
    expect(
      (await front.app.inject({ url: '/renders', headers: { accept: 'application/json' } })).statusCode,
    ).toBe(404);
  });

  it.each([
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/assets/%00',
    '//secret.txt',
    '/..\\secret.txt',
  ])('leads nowhere else: %s', async (url) => {
    const answer = await front.app.inject({ url });
    expect(answer.statusCode).toBeGreaterThanOrEqual(400);
    expect(answer.body).not.toContain('outside');
  });

  it('answers a HEAD as the GET, without the body', async () => {
    const answer = await front.app.inject({ method: 'HEAD', url: '/assets/main-abc123.js' });
    expect([answer.statusCode, answer.body]).toEqual([200, '']);
  });

  it('that is not built is a sentence that says so, and a page as soon as it is', async () => {
    const dist = join(folder, 'later');
    let now = 0;
    const { systemClock } = await import('@backlot/contract/clock');
    const clock = { ...systemClock, monotonic: () => now };
    const other = await createTestFront({ database, consoleDir: dist, clock });
    const before = await other.app.inject({ url: '/', headers: { ...page, 'accept-language': 'zh-CN' } });
    expect(before.statusCode).toBe(503);
    expect(before.body).toContain('控制台尚未构建');
    await mkdir(dist);
    await writeFile(join(dist, 'index.html'), 'built');
    now += 10_000;
    expect((await other.app.inject({ url: '/', headers: page })).body).toBe('built');
    await other.close();
  });
});
